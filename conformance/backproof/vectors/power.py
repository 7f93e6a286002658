"""Power: which mutants a vector kills, by its own values and bounds.

A mutant is claimed where it is TIMES float64 tolerances away or further, or shows something that is not finite or has
another shape. Mutants are run in floats, whose last bits differ from machine to machine, so that their distance may move
by a tolerance or so: no vector may have a mutant as NEAR to TIMES as that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.errors import ObservationError
from backproof.mutants import MUTANTS, Machine
from backproof.observation import read_observation
from backproof.walk import Key

TIMES = 10
NEAR = (8.0, 12.5)


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The expected values and the bounds of every update by (quantity, layer); a bound may be {"at_least": x}."""

    values: Sequence[Mapping[Key, Array]]
    limits: Sequence[Mapping[Key, Any]]

    def distance(self, case: Case, answer: Any) -> float:
        """Return the largest distance of an answer from the values, in bounds; infinite where it cannot be read."""
        try:
            steps = read_observation(answer, case).steps
        except ObservationError:
            return float("inf")
        if len(steps) != len(self.values):
            return float("inf")
        return max(
            (
                ratio(record.get(*key), value, limits[key])
                for record, values, limits in zip(steps, self.values, self.limits, strict=True)
                for key, value in values.items()
            ),
            default=0.0,
        )


def ratio(got: Array | None, value: Array, limit: Any) -> float:
    """Return the largest distance of what was shown from a value, in bounds; 0 where nothing was shown."""
    if got is None:
        return 0.0
    if got.shape != np.shape(value):
        return float("inf")
    if isinstance(limit, dict):
        return 0.0 if np.isfinite(got) and got >= limit["at_least"] else float("inf")
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - value)
        ratios = np.where(error == 0, 0.0, np.where(np.isinf(limit) & np.isfinite(error), 0.0, error / limit))
    return float(np.where(np.isnan(ratios), np.inf, ratios).max())


def distances(case: Case, yardstick: Yardstick, names: Sequence[str] | None = None) -> dict[str, float]:
    """Return how far each mutant of a single call is from a vector, in float64 bounds."""
    base, found = Machine(), {}
    for mutant in MUTANTS:
        if mutant.of_behaviour or (names is not None and mutant.name not in names):
            continue
        found[mutant.name] = yardstick.distance(case, mutant.machine(base)(case.for_subject()))
    return found
