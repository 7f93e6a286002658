"""What an activation is given, the buffers of a layer for one batch size, and what it gives back.

Neither function of a kernel allocates or takes an argument: both know their buffers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from backproof_numpy.arrays import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Site:
    """One layer's buffers for one batch size, and the parameters of its activation.

    `net_input`, `activation`, `delta`, `scratch`, `spare` are C-contiguous and (batch, n); all
    sites share the memory of the last two, so that nothing stays there from one call to the next.
    `row_max` and `row_sum`, (batch, 1), are what a softmax found in each row; the cross-entropy
    reads them.
    """

    net_input: FloatArray
    activation: FloatArray
    delta: FloatArray
    scratch: FloatArray
    spare: FloatArray
    row_max: FloatArray
    row_sum: FloatArray
    slope: float
    alpha: float
    approximate: str

    def constant(self, value: float) -> FloatArray:
        """Return `value` as a 0-d array of the network's dtype."""
        return np.array(value, self.net_input.dtype)


class Kernel(NamedTuple):
    """What a layer does with its buffers: `forward` writes a = f(z).

    `backward` turns delta from dE/da into dE/dz = f'(z) * dE/da.
    """

    forward: Callable[[], None]
    backward: Callable[[], None]


Builder: TypeAlias = Callable[[Site], Kernel]
