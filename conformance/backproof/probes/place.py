"""Where the blocks of a large case are judged: in memory, by NumPy, in blocks that stay in a processor's cache.

What the passes ask of a place is what `Place` has; `backproof.probes.device` has the same on another device.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.probes.sources import ELEMENTS, FEW, Array, Reader, Source, block_height, row_blocks


class Place:
    """In memory; an array of the place is a NumPy array.

    name: the device, as the report says it.
    """

    def __init__(self, name: str = "cpu") -> None:
        """Name the device."""
        self.name = name

    def put(self, values: Array) -> Any:
        """Return a NumPy array as an array of the place."""
        return values

    def get(self, values: Any) -> Array:
        """Return an array of the place as a NumPy array."""
        return np.asarray(values)

    def rows(self, source: Source, start: int, stop: int) -> Any:
        """Return rows start to stop - 1 of a source, in its dtype."""
        return source.rows(start, stop)

    def double(self, values: Any) -> Any:
        """Return a copy in float64."""
        return values.astype(np.float64)

    def blocks(self, shape: tuple[int, ...], elements: int = FEW) -> Iterator[tuple[int, int]]:
        """Yield the rows (start, stop) of blocks, in memory of about so many elements."""
        return row_blocks(shape, elements)

    def reader(self, source: Source, shape: tuple[int, ...], elements: int = ELEMENTS) -> Any:
        """Return a reader of the blocks that `blocks` yields, with buffers that each block overwrites."""
        return Reader(source, block_height(shape, elements))

    def beside(self, *parts: Any) -> Any:
        """Return matrices side by side."""
        return np.hstack(parts)

    def sums(self, values: Any, signs: Any) -> Any:
        """Return M R, one probe after the other: a product with so few columns at once takes twice the time."""
        return np.stack([values @ probe for probe in signs.T], axis=1)

    def rough(self, values: Any, others: Any) -> Any:
        """Return the product of two matrices of absolute values, for bounds: in their own dtype is enough."""
        return values @ others

    def squares(self, values: Any, axis: int) -> Any:
        """Return the sums of squares of a matrix along an axis, without a matrix of squares."""
        return np.einsum("ij,ij->j" if axis == 0 else "ij,ij->i", values, values)

    def square(self, values: Any) -> float:
        """Return the sum of the squares of a matrix."""
        return float(np.vdot(values, values))

    def largest(self, values: Any) -> Any:
        """Return the largest element of each row, as a column."""
        return values.max(axis=-1, keepdims=True)

    def equal(self, values: Any, others: Any) -> bool:
        """Return whether two arrays are equal everywhere; NaN is equal to nothing."""
        return np.array_equal(values, others)

    def stepped(self, weights: Any, gradient: Any, rate: float, spare: Any) -> Any:
        """Return w - alpha g, rounded twice in their dtype."""
        change = np.multiply(gradient, weights.dtype.type(rate), out=spare)
        return np.subtract(weights, change, out=change)

    def undecided(self, error: Any) -> Array:
        """Return the rows in which not every element is at most 1; NaN is not."""
        return np.flatnonzero(~(error <= 1).all(axis=1))


MEMORY = Place()
FROM_DEVICE = Place("cpu, from another device by rows")
