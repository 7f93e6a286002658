"""All parameters of a network as one flat vector, their gradient as another.

An update is one subtraction.
"""

from collections.abc import Sequence

import numpy as np
from numpy import multiply, subtract

from backproof_numpy.arrays import BoolArray, FloatArray
from backproof_numpy.layer import Layer

# Updates go in blocks of so many bytes that stay in the cache, so that the work buffer is small and
# the pass over memory is one.
BLOCK = 1 << 18


class Parameters:
    """The current parameters, their gradient, and views of both per layer (None for no biases)."""

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray | None, ...]
    weight_gradients: tuple[FloatArray, ...]
    bias_gradients: tuple[FloatArray | None, ...]

    def __init__(self, layers: Sequence[Layer]) -> None:
        dtype = layers[0].weights.dtype
        size = sum(layer.weights.size + (0 if layer.biases is None else layer.biases.size) for layer in layers)
        values, gradient = np.empty(size, dtype), np.zeros(size, dtype)
        block = BLOCK // dtype.itemsize
        work = np.empty(min(size, block), dtype)
        self.weights, self.biases = _views(values, layers)
        self.weight_gradients, self.bias_gradients = _views(gradient, layers)
        for layer, weights, biases in zip(layers, self.weights, self.biases, strict=True):
            weights[...] = layer.weights
            if biases is not None:
                biases[...] = layer.biases
        self.missing: tuple[BoolArray | None, ...] = tuple(
            None if layer.mask is None or layer.mask.all() else ~layer.mask for layer in layers
        )
        self._rate = np.zeros((), dtype)
        self._blocks = [
            (
                values[start : start + block],
                gradient[start : start + block],
                work[: min(block, size - start)],
            )
            for start in range(0, size, block)
        ]

    def set_rate(self, learning_rate: float) -> None:
        """Round the learning rate to the network's dtype, for all further updates."""
        self._rate[...] = learning_rate

    def descend(self) -> None:
        """Update every parameter: w <- w - alpha * dE/dw (E26 `gradient-descent`)."""
        rate = self._rate
        for values, gradient, work in self._blocks:
            multiply(gradient, rate, work)
            subtract(values, work, values)


def _views(flat: FloatArray, layers: Sequence[Layer]) -> tuple[tuple[FloatArray, ...], tuple[FloatArray | None, ...]]:
    weights: list[FloatArray] = []
    biases: list[FloatArray | None] = []
    start = 0
    for layer in layers:
        stop = start + layer.weights.size
        weights.append(flat[start:stop].reshape(layer.weights.shape))
        start = stop
        if layer.biases is None:
            biases.append(None)
        else:
            stop = start + layer.biases.size
            biases.append(flat[start:stop])
            start = stop
    return tuple(weights), tuple(biases)
