"""numpy-ml: the cross-entropy stands still where the output is below 2e-16, the gradient does not."""

import collections
import collections.abc
import warnings

import numpy as np

collections.Hashable = collections.abc.Hashable  # its release imports a name that Python 3.10 removed
with warnings.catch_warnings(action="ignore"):
    from numpy_ml.neural_nets.layers import Softmax
    from numpy_ml.neural_nets.losses import CrossEntropy

y = np.array([[1.0, 0.0]])
outputs = [Softmax().forward(np.array([[0.0, z]])) for z in (100.0, 101.0)]
losses = [CrossEntropy.loss(y, output) for output in outputs]
gradient = CrossEntropy.grad(y, outputs[1])
print(f"loss at z = (0, 100): {losses[0]:.4f}, at (0, 101): {losses[1]:.4f}; right: 100 and 101")
print(f"its change: {losses[1] - losses[0]:.4f}; right, by its gradient: {gradient[0, 1]:.4f}")
raise SystemExit(not (np.isclose(losses, -np.log(np.finfo(float).eps)).all() and np.isclose(gradient[0, 1], 1)))
