"""The array types of this package: real numbers of a single floating dtype, and booleans."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

DType: TypeAlias = np.dtype[np.floating[Any]]
FloatArray: TypeAlias = NDArray[np.floating[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]
