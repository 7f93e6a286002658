"""Two answers of a subject, held against one another element by element: they may differ by the bounds of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.judge.findings import Finding, Judged, Status
from backproof.tolerance import RESOLUTION
from backproof.walk import Key


@dataclass(frozen=True, slots=True)
class Pair:
    """One quantity of one update in two answers, and how far apart they may be; None: it is absent in the second."""

    step: int
    key: Key
    one: Array
    other: Array | None
    tolerance: Array


def compare_answers(clause: str, case: Case, pairs: Sequence[Pair]) -> Finding:
    """Return the finding at the element of the largest ratio; vacuous where no bound is small beside its value."""
    unlike = [pair for pair in pairs if pair.other is None or pair.one.shape != pair.other.shape]
    if unlike:
        message = "it is absent there, or has another shape"
        return behaviour_finding(
            clause, case, status=Status.DEVIATES, ratio=float("inf"), message=message, pair=unlike[0]
        )
    if not pairs:
        return behaviour_finding(clause, case, status=Status.VACUOUS)
    one, other, tolerance = (
        np.concatenate([np.asarray(getattr(pair, name), dtype=np.float64).ravel() for pair in pairs])
        for name in ("one", "other", "tolerance")
    )
    tolerance = np.where(np.isnan(tolerance), np.inf, tolerance)  # no bound is known there, so that nothing is said
    with np.errstate(all="ignore"):
        apart = np.where((one == other) | (np.isnan(one) & np.isnan(other)), 0.0, np.abs(one - other))
        ratios = np.where(apart == 0, 0.0, apart / tolerance)
    ratios = np.where(np.isnan(ratios), np.inf, ratios)
    place = int(np.argmax(ratios))
    passed = bool(ratios[place] <= 1)
    telling = bool((tolerance <= RESOLUTION * np.abs(one)).any())
    allowed = f"{tolerance[place]:.3g}" if tolerance[place] else "nothing"
    message = "" if passed else f"they may differ by {allowed}"
    status = (Status.PASSED if telling else Status.VACUOUS) if passed else Status.DEVIATES
    pair, index = _found(pairs, place)
    return behaviour_finding(
        clause,
        case,
        status=status,
        ratio=float(ratios[place]),
        message=message,
        pair=pair,
        index=index,
        numbers=(float(other[place]), float(one[place]), float(tolerance[place])),
    )


def _found(pairs: Sequence[Pair], place: int) -> tuple[Pair, tuple[int, ...]]:
    """Return the pair, and the index in it, of an element of all pairs laid end to end."""
    for pair in pairs:
        if place < pair.one.size:
            return pair, tuple(int(i) for i in np.unravel_index(place, pair.one.shape))
        place -= pair.one.size
    msg = "a place beyond the last pair"
    raise AssertionError(msg)


def behaviour_finding(
    clause: str,
    case: Case,
    *,
    status: Status,
    ratio: float = 0.0,
    message: str = "",
    pair: Pair | None = None,
    index: tuple[int, ...] = (),
    numbers: tuple[float | None, float | None, float | None] = (None, None, None),
) -> Finding:
    """Return a finding of a behaviour clause; numbers: got, expected, tolerance."""
    quantity, layer = ("weights", 0) if pair is None else pair.key
    return Finding(
        clause=clause,
        quantity=quantity,
        case=case.slug,
        dtype=case.dtype,
        step=1 if pair is None else pair.step,
        layer=layer,
        judged=Judged.BEHAVIOUR,
        status=status,
        source="its other answers",
        index=index,
        got=numbers[0],
        expected=numbers[1],
        tolerance=numbers[2],
        ratio=ratio,
        message=message,
    )
