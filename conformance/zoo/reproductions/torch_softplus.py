"""torch: softplus and its derivative drop to the identity and to 1 above z = 20, in float64 too."""

from math import exp, log1p

import torch

z = torch.tensor(20.25, dtype=torch.float64, requires_grad=True)
value = torch.nn.functional.softplus(z)
value.backward()
shown, slope = value.item(), z.grad.item()
right, right_slope = log1p(exp(z.item())), 1 / (1 + exp(-z.item()))
print(f"softplus(20.25) = {shown:.16g}, right: {right:.16g}; off by {right - shown:.1e}")
print(f"softplus'(20.25) = {slope:.16g}, right: {right_slope:.16g}; off by {slope - right_slope:.1e}")
raise SystemExit(not (right - shown > 1e-9 and slope - right_slope > 1e-9))
