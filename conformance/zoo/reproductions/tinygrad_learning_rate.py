"""tinygrad: SGD moves float64 parameters by a learning rate that is rounded to float32."""

import os

os.environ["DEV"] = "PYTHON"
import numpy as np
from tinygrad import Context, Tensor, dtypes
from tinygrad.nn.optim import SGD

w = Tensor([1.0], dtype=dtypes.float64)
optimizer = SGD([w], lr=0.1)
with Context(TRAINING=1):
    w.sum().backward()
    optimizer.step()
print(f"w - 0.1 * 1 = {w.item():.12f} in {w.dtype}, right: 0.900000000000; the rate is kept in {optimizer.lr.dtype}")
raise SystemExit(w.item() != 1 - float(np.float32(0.1)))
