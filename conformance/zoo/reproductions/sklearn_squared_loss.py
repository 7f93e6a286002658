"""scikit-learn: the squared loss of two outputs is half of the one whose gradient is used."""

import numpy as np
from sklearn.neural_network import MLPRegressor

x, y, rate = np.array([[0.5, -1.0]]), np.array([[0.25, 0.75]]), 2.0**-20
model = MLPRegressor(hidden_layer_sizes=(), solver="sgd", alpha=0, momentum=0, learning_rate_init=rate)
model.partial_fit(x, y)
before = [w.copy() for w in (model.coefs_[0], model.intercepts_[0])]
model.partial_fit(x, y)
first, after = model.loss_, [w.copy() for w in (model.coefs_[0], model.intercepts_[0])]
model.partial_fit(x, y)
squares = sum(((a - b) ** 2).sum() for a, b in zip(after, before, strict=True)) / rate**2
slope = (first - model.loss_) / rate  # of a loss and its own gradient g: |g|^2
print(f"change of the reported loss along the step: {slope:.6f}; right, by the gradient used: {squares:.6f}")
raise SystemExit(not np.isclose(slope, squares / 2, rtol=1e-3))
