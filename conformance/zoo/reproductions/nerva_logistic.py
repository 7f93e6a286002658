"""nerva-numpy: the logistic cross-entropy of a sample with label 0 is 0, and so is its gradient."""

import numpy as np
from nerva_numpy.loss_functions import parse_loss_function

loss, z, y = parse_loss_function("LogisticCrossEntropy"), np.array([[2.0]]), np.array([[0.0]])
output = 1 / (1 + np.exp(-z))
right = float(-(y * np.log(output) + (1 - y) * np.log(1 - output)).sum())
value, gradient = float(loss(z, y)), float(loss.gradient(z, y)[0, 0])
print(f"output {output[0, 0]:.4f} for label 0: loss {value + 0:.4f}, right: {right:.4f}")
print(f"gradient {gradient:.4f}, right: o - y = {output[0, 0]:.4f}")
raise SystemExit(not (value == 0 and gradient == 0))
