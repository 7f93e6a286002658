"""What is drawn for one case: random signs, and the samples, rows and columns that are judged in full.

Drawn after the subject has answered, from the counter-based generator: the same for the same case, independent of any
rounding error.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from backproof.case import Case
from backproof.catalogue.generator import Numbers
from backproof.probes.sources import Array

PROBES = 2
ROWS = 16  # and as many columns: 32 of each matrix
FEWEST_SAMPLES = 4
SAMPLES = 0.02  # of the batch
WORD = 64


@dataclass(frozen=True, slots=True)
class Draw:
    """The choices of one case; samples: indices into the batch, in order; everything: each element, once, in full."""

    seed: int
    probes: int
    samples: Array
    rows_in_full: int
    everything: bool = False

    def signs(self, length: int, stream: int) -> Array:
        """Return R of +-1, float64 (length, probes), each probe contiguous."""
        count = -(-length * self.probes // WORD)
        words = np.random.Philox(key=[self.seed, stream]).random_raw(count)
        bits = np.unpackbits(np.asarray(words, dtype="<u8").view(np.uint8))[: length * self.probes]
        return np.asfortranarray((2.0 * bits - 1.0).reshape(length, self.probes))

    def places(self, length: int, stream: int) -> Array:
        """Return the rows or columns that are judged in full, in order.

        None where everything is: `backproof.probes.full` goes through all of them.
        """
        if self.everything:
            return np.arange(0)
        if length <= self.rows_in_full:
            return np.arange(length)
        order = np.argsort(np.random.Philox(key=[self.seed, stream]).random_raw(length), kind="stable")
        return np.sort(order[: self.rows_in_full])


def draw(
    case: Case, *, probes: int = PROBES, rows: int = ROWS, share: float = SAMPLES, everything: bool = False
) -> Draw:
    """Return the choices for a case; share: of the samples, at least four of them, in full; everything: all in full."""
    share = 1.0 if everything else share
    seed, batch = zlib.crc32(f"probes of {case.slug}".encode()), len(case.batches[0])
    count = min(batch, max(FEWEST_SAMPLES, int(np.ceil(share * batch))))
    chosen = sorted(Numbers(seed).order(batch)[:count])
    return Draw(seed, probes, np.array(chosen), rows, everything)
