"""scikit-learn: the cross-entropy ends at -log(eps) = 36.04, whatever the output."""

import numpy as np
from sklearn.neural_network import MLPClassifier

model = MLPClassifier(hidden_layer_sizes=(), solver="sgd", alpha=0, momentum=0, learning_rate_init=1e-9)
x, y = np.array([[1.0]]), np.array([0])
model.partial_fit(x, y, classes=[0, 1, 2])
model.coefs_, model.intercepts_ = [np.array([[0.0, 100.0, 0.0]])], [np.zeros(3)]
model.partial_fit(x, y)
print(f"loss at z = (0, 100, 0) for class 0: {model.loss_:.4f}, right: 100.0000")
raise SystemExit(not np.isclose(model.loss_, -np.log(np.finfo(float).eps)))
