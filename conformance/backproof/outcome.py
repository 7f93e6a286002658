"""The outcome of one clause in one case: what test frameworks and their reports are told, whichever door they use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backproof.case import Case
from backproof.report import describe
from backproof.tolerance import RESOLUTION
from backproof.verdict import Verdict, exercises
from backproof_spec import Clause, get_clause

VERDICT = "verdict"
PASSES = ("conforms", "reduced_accuracy")
SHOWN_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One clause in one case that exercises it."""

    clause: Clause
    case: Case

    @property
    def id(self) -> str:
        """The name of the item, such as E17-delta-rule-sigmoid-binary-float64."""
        return f"{self.clause.id}-{self.clause.slug}-{self.case.slug}-{self.case.dtype}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an item: `status` is the report's word, `message` says why it does not pass (empty: it does).

    skipped: nothing was judged, for the reason that `message` gives; properties: the same as data.
    """

    status: str
    message: str = ""
    skipped: bool = False
    properties: dict[str, Any] = field(default_factory=dict)


def items(cases: Iterable[Case], wanted: Sequence[Clause]) -> list[Item]:
    """Return an item for each case and each of the wanted clauses that it exercises."""
    return [Item(clause, case) for case in cases for clause in wanted if exercises(case, clause)]


def place(case: Case) -> str:
    """Return how a case is named in a message."""
    return f"{case.slug} ({case.dtype})"


def outcome(
    item: Item,
    verdict: Verdict,
    target: str | Sequence[str] | None,
    explained: Callable[[], Sequence[str]] = tuple,
) -> Outcome:
    """Return what became of an item; verdict: of the run of its case alone; target: as in build_report.

    explained: called where the item deviates, returns what the mistake may be.
    """
    result = verdict.run.results[0]
    status = next(status for status in verdict.clauses if status.clause.id == item.clause.id)
    name, message, skipped = status.status, "", False
    if result.skipped is not None:
        name, message, skipped = "skipped", f"skipped: {result.skipped}", True
    elif result.error is not None:
        name, message = "errored", f"{place(item.case)}: {result.error}"
    elif status.status == "deviates":
        message = "\n".join([*_deviation(item, verdict, target), *explained()[:SHOWN_SUGGESTIONS]])
    elif status.status == "downstream":
        message, skipped = _downstream(verdict), True
    elif status.worst_ratio is None:
        message, skipped = f"not observed: the subject shows nothing here that {item.clause.id} can judge", True
    elif status.status == "expected":
        message, skipped = "expected: it deviates, as the file of known deviations says", True
    elif status.status not in PASSES:
        name, skipped = "vacuous", True
        message = f"vacuous: every tolerance is above {RESOLUTION:g} of its value, so that a pass would mean nothing"
    properties = {
        "clause": item.clause.id,
        "case": item.case.slug,
        "dtype": item.case.dtype,
        "status": name,
        "worst_ratio": status.worst_ratio,
    }
    return Outcome(status=name, message=message, skipped=skipped, properties=properties)


def _deviation(item: Item, verdict: Verdict, target: str | Sequence[str] | None) -> Iterator[str]:
    names = item.clause.via or (item.clause.id,)
    found = [f for f in verdict.deviations if f.clause in names or not set(names).isdisjoint(f.carries)]
    first = describe(verdict, found[0], target, "cpu")
    yield f"{place(item.case)}: {first['message']}"
    if len(found) > 1:
        yield f"and {len(found) - 1} more deviations from this clause in this case"
    yield f"read:      backproof explain {first['slug']}"
    yield f"reproduce: {first['reproduce']}"


def _downstream(verdict: Verdict) -> str:
    if not verdict.deviations:  # what it follows from is an expected deviation
        return "downstream of an expected deviation in this case; no deviation of its own"
    first = get_clause(verdict.deviations[0].clause)
    return f"downstream of the deviation from {first.id} `{first.slug}` in this case; no deviation of its own"
