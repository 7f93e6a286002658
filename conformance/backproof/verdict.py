"""From findings to a verdict: the status of every clause, the counts, and the first deviation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from backproof.case import DTYPES, Case
from backproof.judge.findings import Finding, Judged, Status
from backproof.observation import BY_LAYER
from backproof.run import CaseResult, Run
from backproof_spec import Clause, clauses

FEWEST_CASES = 10


class Exit(IntEnum):
    """The exit statuses of the command line."""

    CONFORMS = 0
    DEVIATES = 1
    USAGE = 2
    BROKEN = 3
    INCOMPLETE = 4


@dataclass(frozen=True, slots=True)
class ClauseStatus:
    """What became of one clause over all cases; a derived clause takes the status of its carriers (`via`)."""

    clause: Clause
    status: str
    checks: int
    worst_ratio: float | None


def _has(activation: str) -> Callable[[Case], bool]:
    def applies(case: Case) -> bool:
        return any(layer.activation.name == activation for layer in case.layers[:-1])

    return applies


def _pair(activation: str, loss: str) -> Callable[[Case], bool]:
    return lambda case: (case.layers[-1].activation.name, case.loss) == (activation, loss)


def _every(_: Case) -> bool:
    return True


def _worked(case: Case) -> bool:
    return "worked-example" in case.flags


# A special form is shown by its carrier in the cases that have that form, and in no others.
SPECIAL_CASES: Mapping[str, Callable[[Case], bool]] = {
    **{name: _has("sigmoid") for name in ("E19", "E20", "E21")},
    "E23": _pair("identity", "squared"),
    "E24": _pair("sigmoid", "log"),
    "E25": _pair("softmax", "cross_entropy"),
    "E8": lambda case: any(len(batch) == 1 for batch in case.batches),
    "E2": lambda case: any(layer.biases is not None for layer in case.layers),
    **{f"X{number}": _worked for number in range(1, 7)},
    **{name: lambda case: len(case.batches[0]) > 1 for name in ("B-permuted", "B-concatenated")},
    "B-zero-error": lambda case: "zero-error" in case.flags,
}


def exercises(case: Case, clause: Clause) -> bool:
    """Return whether a case exercises a clause: an observed one itself, a derived one through its carriers."""
    applies = SPECIAL_CASES.get(clause.id, _every)
    if clause.id.startswith("B-"):
        return applies(case)
    return applies(case) and not set(clause.via or (clause.id,)).isdisjoint(case.clauses)


_ORDER = (Status.VACUOUS, Status.PASSED, Status.REDUCED, Status.DOWNSTREAM, Status.EXPECTED, Status.DEVIATES)
_NAMES = {
    Status.VACUOUS: "not_observed",
    Status.PASSED: "conforms",
    Status.REDUCED: "reduced_accuracy",
    Status.DOWNSTREAM: "downstream",
    Status.EXPECTED: "expected",
    Status.DEVIATES: "deviates",
}


@dataclass(frozen=True)
class Verdict:
    """The judgement of a whole run."""

    run: Run

    @cached_property
    def judged(self) -> list[CaseResult]:
        """The cases that were judged."""
        return [result for result in self.run.results if result.observation is not None]

    @cached_property
    def deviations(self) -> list[Finding]:
        """Every deviation: smallest case first, then step, then the order of the data's flow."""
        found = [finding for finding in self.run.findings if finding.status is Status.DEVIATES]
        return sorted(found, key=lambda finding: _flow(finding, self.case_of(finding)))

    @cached_property
    def _cases(self) -> dict[tuple[str, str], Case]:
        return {(result.case.slug, result.case.dtype): result.case for result in self.run.results}

    def case_of(self, finding: Finding) -> Case:
        """Return the case that a finding speaks of."""
        return self._cases[finding.case, finding.dtype]

    @property
    def first_deviation(self) -> Finding | None:
        """The first deviation, or None."""
        return self.deviations[0] if self.deviations else None

    @cached_property
    def counts(self) -> dict[str, int]:
        """The counts of the report."""
        by_status = Counter(finding.status for finding in self.run.findings)
        return {
            "cases": len(self.judged),
            "checks": len(self.run.findings),
            "passed": by_status[Status.PASSED],
            "reduced_accuracy": by_status[Status.REDUCED],
            "vacuous": by_status[Status.VACUOUS],
            "deviated": by_status[Status.DEVIATES],
            "downstream": by_status[Status.DOWNSTREAM],
            "expected": by_status[Status.EXPECTED],
            "not_observed": sum(status.status == "not_observed" for status in self.clauses),
            "skipped": sum(result.skipped is not None for result in self.run.results),
            "errored": sum(result.error is not None for result in self.run.results),
        }

    @property
    def reproducible(self) -> dict[str, int]:
        """How many cases were asked twice, and in how many both answers were the same to the bit."""
        asked = [finding for finding in self.run.findings if finding.clause == "B-repeat"]
        return {"cases": len(asked), "bitwise": sum(finding.ratio == 0 for finding in asked)}

    @cached_property
    def clauses(self) -> list[ClauseStatus]:
        """The status of every registered clause, in the article's order."""
        return [self._status(clause) for clause in clauses()]

    @cached_property
    def _told_of(self) -> Mapping[str, list[Finding]]:
        """The findings by the clauses that they tell of: their own, and those that they carry."""
        told: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.run.findings:
            for name in (finding.clause, *finding.carries):
                told[name].append(finding)
        return told

    def _status(self, clause: Clause) -> ClauseStatus:
        names = clause.via or (clause.id,)
        applies = SPECIAL_CASES.get(clause.id, _every)
        found = [
            finding
            for finding in {id(finding): finding for name in names for finding in self._told_of[name]}.values()
            if applies(self.case_of(finding))
        ]
        if found:
            worst = max(found, key=lambda finding: _ORDER.index(finding.status))
            ratio = max(finding.ratio for finding in found)
            checks = sum(finding.status is not Status.VACUOUS for finding in found)
            return ClauseStatus(clause, _NAMES[worst.status], checks, ratio)
        concerned = [result for result in self.run.results if exercises(result.case, clause)]
        if any(result.error is not None for result in concerned):
            return ClauseStatus(clause, "errored", 0, None)
        if concerned and all(result.skipped is not None for result in concerned):
            return ClauseStatus(clause, "skipped", 0, None)
        return ClauseStatus(clause, "not_observed", 0, None)

    @property
    def name(self) -> str:
        """The verdict, the first that holds: broken, deviates, broken, incomplete, conforms."""
        if not self.judged and any(result.error is not None for result in self.run.results):
            return "broken"
        if self.deviations:
            return "deviates"
        if self.counts["errored"]:
            return "broken"
        return "incomplete" if len(self.judged) < self.fewest else "conforms"

    @property
    def fewest(self) -> int:
        """The number of cases that must be judged: ten of the catalogue, one of a choice of cases."""
        return 1 if self.run.selected else FEWEST_CASES

    @property
    def exit(self) -> Exit:
        """The exit status that belongs to the verdict."""
        return Exit[self.name.upper()]

    @property
    def scope(self) -> dict[str, list[str]]:
        """The observed clauses that were judged directly, through updated weights only, and not at all."""
        findings = self.run.findings
        directly = _named(f for f in findings if not f.recovered and f.judged is not Judged.END_TO_END)
        through = _named(f for f in findings if f.recovered) - directly
        end_to_end = _named(findings) - directly - through
        known = directly | through | end_to_end
        return {
            "directly": _in_order(directly),
            "through updated weights": _in_order(through),
            "end to end": _in_order(end_to_end),
            "not at all": [c.id for c in clauses() if c.observed and c.id not in known],
        }


def _named(findings: Iterable[Finding]) -> set[str]:
    return {name for finding in findings for name in (finding.clause, *finding.carries)}


def _in_order(names: set[str]) -> list[str]:
    return [clause.id for clause in clauses() if clause.id in names]


def _flow(finding: Finding, case: Case) -> tuple[int, ...]:
    """Return the place of a finding: size of the case, dtype, step, then the order in which the data flows."""
    forward, backward, update = ("net_inputs", "activations"), ("deltas",), BY_LAYER[3:]
    if finding.judged is Judged.BEHAVIOUR:
        stage, place = 4, 0
    elif finding.clause.startswith("M") and finding.judged is not Judged.END_TO_END:
        stage, place = 0, 0
    elif finding.quantity in forward:
        stage, place = 0, 2 * finding.layer + forward.index(finding.quantity)
    elif finding.quantity == "loss":
        stage, place = 1, 0
    elif finding.quantity in backward:
        stage, place = 2, case.depth - finding.layer
    else:
        stage, place = 3, 10 * finding.layer + update.index(finding.quantity)
    return case.size, DTYPES.index(case.dtype), finding.step, stage, place, finding.judged is Judged.END_TO_END
