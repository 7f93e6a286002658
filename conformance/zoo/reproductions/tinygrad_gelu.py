"""tinygrad: gelu(approximate="none") and its derivative are off by far more than float64 has."""

import os
from math import erf, exp, pi, sqrt

os.environ["DEV"] = "PYTHON"
from tinygrad import Tensor, dtypes

z = -3.5
x = Tensor([z], dtype=dtypes.float64)
y = x.gelu(approximate="none")
y.sum().backward()
value, slope, normal = y.item(), x.grad.item(), (1 + erf(z / sqrt(2))) / 2
right, right_slope = z * normal, normal + z * exp(-z * z / 2) / sqrt(2 * pi)
print(f"gelu({z}) = {value:.10g}, right: {right:.10g}; relative error {abs(value / right - 1):.1e}")
print(f"gelu'({z}) = {slope:.10g}, right: {right_slope:.10g}; relative error {abs(slope / right_slope - 1):.1e}")
raise SystemExit(not (abs(value / right - 1) > 1e-6 and abs(slope / right_slope - 1) > 1e-6))
