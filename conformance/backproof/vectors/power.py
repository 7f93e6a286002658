"""Power: which mutants a vector kills, by its own values and bounds.

A mutant is claimed where it is TIMES float64 tolerances away or further, or shows something that is not finite or has
another shape. Mutants are run in floats, whose last bits differ from machine to machine, so that their distance may
move by a tolerance or so: no vector may have a mutant as NEAR to TIMES as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.mutants import MUTANTS, Machine
from backproof.walk import Key

TIMES = 10
NEAR = (8.0, 12.5)


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The expected values and the bounds of every update by (quantity, layer); a bound may be {"at_least": x}."""

    values: Sequence[Mapping[Key, Array]]
    limits: Sequence[Mapping[Key, Any]]


@dataclass(frozen=True, slots=True)
class _Laid:
    """The values and bounds of one update end to end, with their places and shapes; limits from below stand apart."""

    places: list[tuple[Key, tuple[int, ...]]]
    values: Array
    limits: Array
    apart: list[tuple[Key, Any]]


class Ruler:
    """A yardstick in one piece for each update, to measure a machine's many records quickly."""

    def __init__(self, yardstick: Yardstick) -> None:
        """Lay the values and bounds end to end."""
        self._updates = []
        for values, limits in zip(yardstick.values, yardstick.limits, strict=True):
            plain = [key for key in values if not isinstance(limits[key], dict)]
            apart = [(key, limits[key]) for key in values if isinstance(limits[key], dict)]
            places = [(key, values[key].shape) for key in plain]
            self._updates.append(
                _Laid(places, _flat(values[key] for key in plain), _flat(limits[key] for key in plain), apart)
            )

    def distance(self, records: Sequence[Mapping[str, Any]]) -> float:
        """Return the largest distance of records from the values, in bounds; infinite where anything has no place."""
        if len(records) != len(self._updates):
            return float("inf")
        largest = 0.0
        for record, laid in zip(records, self._updates, strict=True):
            shown = [_shown(record, key) for key, _ in laid.places]
            if any(array.shape != shape for array, (_, shape) in zip(shown, laid.places, strict=True)):
                return float("inf")
            largest = max(largest, ratio(_flat(shown), laid.values, laid.limits))
            for key, limit in laid.apart:
                largest = max(largest, ratio(_shown(record, key), np.zeros(()), limit))
        return largest


def _flat(arrays: Iterable[Array]) -> Array:
    return np.concatenate([np.zeros(0), *(np.ravel(array) for array in arrays)])


def _shown(record: Mapping[str, Any], key: Key) -> Array:
    name, layer = key
    return np.asarray(record[name][layer - 1] if layer else record[name])


def ratio(got: Array, value: Array, limit: Any) -> float:
    """Return the largest distance of what was shown from a value, in bounds; infinite for another shape."""
    if got.shape != np.shape(value):
        return float("inf")
    if isinstance(limit, dict):
        return 0.0 if np.isfinite(got) and got >= limit["at_least"] else float("inf")
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - value)
        ratios = np.where(error == 0, 0.0, np.where(np.isinf(limit) & np.isfinite(error), 0.0, error / limit))
    return float(np.where(np.isnan(ratios), np.inf, ratios).max(initial=0.0))


def distances(case: Case, yardstick: Yardstick, names: Sequence[str] | None = None) -> dict[str, float]:
    """Return how far each mutant of a single call is from a vector, in float64 bounds."""
    base, given, ruler, found = Machine(), case.for_subject(), Ruler(yardstick), {}
    for mutant in MUTANTS:
        if mutant.of_behaviour or (names is not None and mutant.name not in names):
            continue
        found[mutant.name] = ruler.distance(mutant.machine(base)(given))
    return found
