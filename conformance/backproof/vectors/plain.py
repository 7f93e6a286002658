"""Plain judgement: what a program shows beside the stored values, each within its stored bound.

What the validators in JavaScript and C do, in Python: no equation of ours runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import SkipError, SubjectError, UsageError
from backproof.observation import Observation
from backproof.run import answer
from backproof.tolerance import RESOLUTION
from backproof.vectors.reading import case_of, yardstick_of

DECLARED = ("loss_factor", "reduction", "output_reduction", "delta_of", "loss_at")


@dataclass(frozen=True, slots=True)
class Miss:
    """A value that is not within its bound, or not there: of which vector, in which dtype, and where.

    index: the element of the largest distance, None where shapes differ; got and expected: what it is and should be.
    """

    vector: str
    dtype: str
    update: int
    quantity: str
    layer: int
    index: tuple[int, ...] | None
    got: Any
    expected: Any

    def __str__(self) -> str:
        """Return one line for people."""
        place = f"{self.quantity} of layer {self.layer}" if self.layer else self.quantity
        at = "" if not self.index else f" at {list(self.index)}"
        return (
            f"{self.vector} ({self.dtype}): update {self.update}, {place}{at}: got {self.got}, expected {self.expected}"
        )


@dataclass(slots=True)
class Tally:
    """What a plain judgement compared; vacuous: values whose bound is too wide to mean anything."""

    vectors: int = 0
    values: int = 0
    vacuous: int = 0
    misses: tuple[Miss, ...] = ()
    errors: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether something was compared, and nothing is missing."""
        return self.values > 0 and not self.misses and not self.errors


def judge_plainly(subject: Subject, vectors: Iterable[Mapping[str, Any]], dtypes: Iterable[str]) -> Tally:
    """Return how a subject does on vectors. Raises UsageError where it declares another convention than they have."""
    tally, chosen = Tally(), tuple(dtypes)
    declared = subject.conventions.declared()
    for data in vectors:
        for name in DECLARED:
            if declared[name] != data["conventions"][name]:
                msg = (
                    f"{subject.name} declares {name}={declared[name]}; the stored values are those of "
                    f"{name}={data['conventions'][name]}: `backproof check --vectors` computes its own"
                )
                raise UsageError(msg)
        case = case_of(data)
        for dtype in chosen:
            _judge(tally, subject, data, case.as_dtype(dtype).under(subject.conventions))
    return tally


def _judge(tally: Tally, subject: Subject, data: Mapping[str, Any], case: Case) -> None:
    reason = subject.skip_reason(case)
    if reason is None and "exact-zero" in case.flags and subject.conventions.kink not in (None, "left"):
        reason = f"f'(0) is declared as {subject.conventions.kink}; the stored values have f'(0-)"
    if reason is not None:
        tally.skipped += (f"{case.slug} ({case.dtype}): {reason}",)
        return
    try:
        shown = answer(subject, case)
    except SkipError as skip:
        tally.skipped += (f"{case.slug} ({case.dtype}): {skip}",)
        return
    except SubjectError as error:
        tally.errors += (f"{case.slug} ({case.dtype}): {error}",)
        return
    tally.vectors += 1
    _compare(tally, data, case, shown)


def _compare(tally: Tally, data: Mapping[str, Any], case: Case, shown: Observation) -> None:
    yardstick = yardstick_of(data, case.dtype)
    if len(shown.steps) != len(yardstick.values):
        wanted = len(yardstick.values)
        tally.errors += (f"{case.slug} ({case.dtype}): {wanted} updates are expected; {len(shown.steps)} came",)
        return
    for update, (record, values, limits) in enumerate(
        zip(shown.steps, yardstick.values, yardstick.limits, strict=True), 1
    ):
        for key, value in values.items():
            got = record.get(*key)
            if got is None:
                continue
            tally.values += value.size
            tally.vacuous += _vacuous(value, limits[key])
            kind = got.dtype if key[0] == "loss" and got.dtype == np.float64 else np.dtype(case.dtype)  # Python's float
            wrong = _wrong(got, value, limits[key], kind)
            if wrong is not None:
                tally.misses += (Miss(case.slug, case.dtype, update, *key, *wrong),)


def _wrong(got: Array, value: Array, limit: Any, kind: np.dtype[Any]) -> tuple[Any, Any, Any] | None:
    if got.shape != value.shape or got.dtype != kind:
        return None, f"{got.dtype} {got.shape}", f"{kind} {value.shape}"
    if isinstance(limit, dict):
        right = np.isfinite(got) and got >= limit["at_least"]
        return None if right else ((), float(got), f"at least {limit['at_least']}")
    with np.errstate(all="ignore"):
        right = np.isfinite(got) & (np.abs(got.astype(np.float64) - value) <= limit)
    if right.all():
        return None
    index = tuple(int(i) for i in np.argwhere(~right)[0])
    return index, float(got[index]), float(value[index])


def _vacuous(value: Array, limit: Any) -> int:
    """Return how many elements have a bound above 1e-3 of their value; a bound of 0 is never one of them."""
    if isinstance(limit, dict):
        return 0
    return int(((value != 0) & (limit > RESOLUTION * np.abs(value))).sum() + ((value == 0) & np.isinf(limit)).sum())
