"""Numbers for generated cases: a counter-based generator, the same on every machine and in every version.

The raw 64-bit words of Philox 4x64-10 (Salmon et al., 2011; NumPy promises its stream) with the case's seed as key;
a word w gives the uniform number floor(w / 2^11) 2^-53, mapped to [-1, 1).
"""

from __future__ import annotations

import numpy as np

from backproof.balls import Array


class Numbers:
    """A stream of numbers for one seed."""

    def __init__(self, seed: int) -> None:
        """Start the stream of `seed`."""
        self._words = np.random.Philox(key=seed)

    def uniform(self, *shape: int) -> Array:
        """Return float64 numbers in [-1, 1)."""
        words = self._words.random_raw(int(np.prod(shape)))
        return ((np.asarray(words) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0).reshape(shape)

    def integers(self, high: int, count: int) -> Array:
        """Return `count` whole numbers from 0 to high - 1."""
        return np.floor((self.uniform(count) + 1) / 2 * high).astype(int)

    def order(self, count: int) -> tuple[int, ...]:
        """Return the numbers from 0 to count - 1 in a random order."""
        return tuple(int(i) for i in np.argsort(self.uniform(count), kind="stable"))
