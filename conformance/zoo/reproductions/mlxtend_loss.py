"""mlxtend: the reported cost is half the mean of the cross-entropy, the step taken is along the gradient of its sum."""

import numpy as np
from mlxtend.classifier import MultiLayerPerceptron

x, y, rate = np.array([[0.5, -1.0], [0.25, 0.75], [-0.5, 0.125]]), np.array([0, 2, 1]), 1e-6
model = MultiLayerPerceptron(eta=rate, epochs=1, hidden_layers=[2], n_classes=3, random_seed=1).fit(x, y)
reported, before = model.cost_[-1], [v.copy() for v in (*model.w_.values(), *model.b_.values())]
mean = -np.log(model._feedforward(x)[3][np.arange(3), y]).mean()
model.fit(x, y, init_params=False)
after = [*model.w_.values(), *model.b_.values()]
squares = sum(((new - old) ** 2).sum() for new, old in zip(after, before, strict=True)) / rate**2
slope = (reported - model.cost_[-1]) / rate  # of a loss and its own gradient g: |g|^2
print(f"reported cost {reported:.6f}; right, as documented, the mean: {mean:.6f}")
print(f"change of the cost along the step: {slope:.6f}; right, by the gradient used: {squares:.6f}")
raise SystemExit(not (np.isclose(reported, mean / 2) and np.isclose(slope, squares / 6, rtol=1e-3)))
