"""A finding: the judgement of one clause on one quantity of one layer of one case at one step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Any

import numpy as np

from backproof.balls import Array, distance, middle, radius
from backproof.tolerance import RESOLUTION


class Status(StrEnum):
    """What became of one check."""

    PASSED = "passed"
    REDUCED = "reduced_accuracy"
    VACUOUS = "vacuous"
    DEVIATES = "deviates"
    DOWNSTREAM = "downstream"
    EXPECTED = "expected"


class Judged(StrEnum):
    """How a check was decided."""

    PRESENCE = "presence"
    LOCAL = "local"
    END_TO_END = "end-to-end"
    BEHAVIOUR = "behaviour"
    PROBE = "probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check and its outcome; `got`, `expected` and `tolerance` speak of the element of the largest ratio.

    layer: from 1 (0: none); index: [sample, neuron], [i, j] or [i]; ratio: error / tolerance; resolution: the best
    tolerance / |expected| among its elements; recovered: the value was recovered from updated parameters;
    carries: other clauses that the same check speaks for; source: the oracle, or "own values" for a local check.
    """

    clause: str
    quantity: str
    case: str
    dtype: str
    step: int
    layer: int
    judged: Judged
    status: Status
    source: str = "own values"
    index: tuple[int, ...] = ()
    got: float | None = None
    expected: float | None = None
    tolerance: float | None = None
    ratio: float = 0.0
    resolution: float | None = None
    recovered: bool = False
    carries: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Values against balls, element by element, at the element of the largest ratio."""

    status: Status
    index: tuple[int, ...]
    got: float
    expected: float
    tolerance: float
    ratio: float
    resolution: float

    def fields(self) -> dict[str, Any]:
        """Return the fields that a finding takes over."""
        return {name: getattr(self, name) for name in self.__slots__}


def compare(
    values: Array,
    reference: Array,
    bound: Array,
    *,
    reduced: Array | None = None,
    at_least: float | None = None,
    smallest: float = 0.0,
) -> Comparison:
    """Compare values with a reference: pass only if |value - middle| <= bound + radius, at every element.

    values: float64; reference: balls; bound, reduced: the bound and that of the reduced-accuracy tier; at_least: any
    finite value from here on is right; smallest: lambda, which tells an exact zero's bound from a vacuous one.
    """
    spread = radius(reference)
    with np.errstate(all="ignore"):
        expected, limit = middle(reference), np.fmin(bound + spread, np.inf)  # NaN is no limit
        error = distance(reference, values)
        if np.isinf(limit).any():
            error = np.where(np.isinf(limit) & np.isfinite(values), 0.0, error)
        if at_least is not None:
            expected, limit = np.asarray(at_least), np.asarray(bound)
            error = np.where(np.isfinite(values), np.maximum(at_least - values, 0.0), np.inf)
        ratio = np.asarray(np.fmin(np.where(error == 0, 0.0, error / limit), np.inf))  # NaN never passes
        informative, size, zero = _informative(limit, expected, smallest)
        resolution = np.where(zero, np.where(informative, 0.0, np.inf), limit / size).min()
    index = np.unravel_index(int(ratio.argmax()), ratio.shape) if ratio.ndim else ()
    if not (error <= limit).all():
        within = reduced is not None and bool((error <= np.fmin(np.maximum(reduced, bound) + spread, np.inf)).all())
        status = Status.REDUCED if within else Status.DEVIATES
    else:
        meant = (at_least is not None and at_least > 0) or informative.any()
        status = Status.PASSED if meant else Status.VACUOUS
    return Comparison(
        status=status,
        index=tuple(int(i) for i in index),
        got=float(values[index]),
        expected=float(expected[index]),
        tolerance=float(limit[index]),
        ratio=float(ratio[index]),
        resolution=float(resolution),
    )


def _informative(limit: Array, expected: Array, smallest: float) -> tuple[Array, Array, Array]:
    """Return where a pass means something, |expected|, and where that is 0.

    It does where the tolerance is below 1e-3 of the value, or an exact zero is checked.
    """
    size = np.abs(expected)
    zero = size == 0
    return (limit <= RESOLUTION * size) | (zero & (limit <= sqrt(smallest))), size, zero
