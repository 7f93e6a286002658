"""What a pass shows; named tuples, which a tiny network's step can afford."""

from typing import NamedTuple, Self

from backproof_numpy.arrays import FloatArray
from backproof_numpy.losses import Scalar


class Forward(NamedTuple):
    """A forward pass: per layer 1..L the net inputs z and the activations a, each (batch, n_l).

    The arrays are views of buffers that the next pass with the same batch size overwrites; `copy()`
    keeps them.
    """

    net_inputs: tuple[FloatArray, ...]
    activations: tuple[FloatArray, ...]

    @property
    def outputs(self) -> FloatArray:
        """The output layer's activations o = a^L, (batch, k)."""
        return self.activations[-1]

    def copy(self) -> Self:
        """Return the same with arrays of its own."""
        return self._replace(net_inputs=_copies(self.net_inputs), activations=_copies(self.activations))


class Backward(NamedTuple):
    """A forward and backward pass.

    z, a, E, delta = dE/dz (batch, n_l), and the gradients of weights and biases.

    The gradients have the parameters' shapes; `bias_gradients` has None for a layer without biases.
    The arrays are views of buffers: z, a and delta are overwritten by the next pass with the same
    batch size, the gradients by the next pass of any; `copy()` keeps them. `loss` is E before the
    update, a NumPy scalar of the network's dtype.
    """

    net_inputs: tuple[FloatArray, ...]
    activations: tuple[FloatArray, ...]
    loss: Scalar
    deltas: tuple[FloatArray, ...]
    weight_gradients: tuple[FloatArray, ...]
    bias_gradients: tuple[FloatArray | None, ...]

    @property
    def outputs(self) -> FloatArray:
        """The output layer's activations o = a^L, (batch, k)."""
        return self.activations[-1]

    def copy(self) -> Self:
        """Return the same with arrays of its own."""
        return self._replace(
            net_inputs=_copies(self.net_inputs),
            activations=_copies(self.activations),
            deltas=_copies(self.deltas),
            weight_gradients=_copies(self.weight_gradients),
            bias_gradients=tuple(None if bias is None else bias.copy() for bias in self.bias_gradients),
        )


def _copies(arrays: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    return tuple(array.copy() for array in arrays)
