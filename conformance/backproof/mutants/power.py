"""The power of the cases: each must kill what few others kill, and they must not all be of one shape.

A catalogue of square networks cannot see a transposed matrix, one of single samples no mean, one of single outputs no
divisor by the outputs, one of symmetric matrices no W for W^T.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.mutants.matrix import Row

MANY = 0.5  # a mutant that more than this share of the cases kill is no proof of a case's power


@dataclass(frozen=True, slots=True)
class Power:
    """What one case is good for: how many mutants it kills, and the rarest of them, with the cases that kill it."""

    case: str
    kills: int
    rarest: str | None
    killers: int
    cases: int

    @property
    def enough(self) -> bool:
        """Whether it kills a mutant that at most half of the cases kill."""
        return self.rarest is not None and self.killers <= MANY * self.cases


def power_of(rows: Iterable[Row]) -> list[Power]:
    """Return the power of every case, over the rows of the matrix in which everything is shown."""
    killers: dict[tuple[str, str], set[str]] = {}
    slugs: dict[str, None] = {}
    for row in rows:
        if row.shown == "everything":
            slugs |= dict.fromkeys(cell.case for cell in row.cells)
            killers[row.mutant, row.dtype] = {cell.case for cell in row.cells if cell.killed}
    found = []
    for slug in slugs:
        mine = [(len(cases), mutant) for (mutant, _), cases in killers.items() if slug in cases]
        count, rarest = min(mine, default=(0, None))
        found.append(Power(slug, len({mutant for _, mutant in mine}), rarest, count, len(slugs)))
    return found


def one_sided(cases: Sequence[Case]) -> list[str]:
    """Return what all cases have in common and must not: a catalogue like that is blind to whole families of bugs."""
    weights = [layer.weights for case in cases for layer in case.layers]
    alike: dict[str, bool] = {
        "every weight matrix is square": all(w.shape[0] == w.shape[1] for w in weights),
        "every batch has one sample": all(len(batch) == 1 for case in cases for batch in case.batches),
        "every network has one output": all(case.widths[-1] == 1 for case in cases),
        "every weight matrix is symmetric": all(_symmetric(w) for w in weights),
        "every case makes one update": all(len(case.batches) == 1 for case in cases),
    }
    return [what for what, holds in alike.items() if holds]


def _symmetric(weights: Any) -> bool:
    return weights.shape[0] == weights.shape[1] and np.array_equal(weights, weights.T)
