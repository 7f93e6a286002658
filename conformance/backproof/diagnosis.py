"""Diagnosis: the known bug that an observation agrees with, or the conventions under which it would conform.

Suggestions with their evidence, never a verdict; what conforms is not diagnosed. "No known mutant" is an honest answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproof.case import DTYPES
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof.errors import BackproofError
from backproof.judge.case import judge_case
from backproof.judge.findings import Finding, Judged, Status
from backproof.observation import read_observation
from backproof.run import CaseResult, Run, run_subject
from backproof.tolerance import Tolerance

if TYPE_CHECKING:
    from backproof.mutants import Machine

TRIED = ("reduction", "loss_factor", "output_reduction", "delta_of", "loss_at")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the mistake most likely is: a convention to declare, or a mutant that the observation agrees with."""

    kind: str
    name: str
    agreement: float | None
    explanation: str

    def as_data(self) -> dict[str, Any]:
        """Return the suggestion as the report's data."""
        return {
            "kind": self.kind,
            "name": self.name,
            "agreement": self.agreement,
            "explanation": self.explanation,
        }


def suggest_conventions(run: Run) -> list[Suggestion]:
    """Return the smallest changes of declared conventions under which every judged case conforms.

    The subject is not run again: what it showed is judged anew. Layouts cannot be tried this way.
    """
    judged = sorted((r for r in run.results if r.observation is not None), key=lambda r: r.case.size)
    if not any(finding.status is Status.DEVIATES for finding in run.findings) or _of_behaviour(run.findings):
        return []
    found: list[Suggestion] = []
    fewest: int | None = None
    for changes in _alternatives(run.subject.conventions):
        if fewest is not None and len(changes) > fewest:
            break
        conventions = replace(run.subject.conventions, **changes)
        if all(_conforms(result, conventions) for result in judged):
            fewest = len(changes)
            name = ", ".join(f"{key}={value}" for key, value in changes.items())
            found.append(
                Suggestion("convention", name, None, f"deviates as declared; conforms under {name}: declare it")
            )
    return found


def _alternatives(declared: Conventions) -> Iterator[dict[str, Any]]:
    choices: dict[str, tuple[Any, ...]] = {
        "reduction": ("sum", "mean"),
        "loss_factor": (1, 0.5),
        "output_reduction": ("sum", "mean"),
        "delta_of": ("error", "sample"),
        "loss_at": ("before", "after"),
    }
    options = [
        [getattr(declared, name), *(value for value in choices[name] if value != getattr(declared, name))]
        for name in TRIED
    ]
    every = [
        {name: value for name, value in zip(TRIED, values, strict=True) if value != getattr(declared, name)}
        for values in product(*options)
    ]
    yield from sorted((changes for changes in every if changes), key=len)


def _conforms(result: CaseResult, conventions: Conventions) -> bool:
    if result.observation is None:
        return False
    try:
        judged = judge_case(result.case.under(conventions), result.observation)
    except BackproofError:
        return False
    return all(finding.status is not Status.DEVIATES for finding in judged.findings)


AGREES = 2.0**14  # units of u, relative to the largest value of each array
MOST_CASES = 8


def suggest_mutants(run: Run) -> list[Suggestion]:
    """Return the mutants that show what the subject shows, best agreement first.

    Each is run in every form that its bug takes, under the subject's conventions, and must agree in every quantity that
    the subject shows: first on small cases that deviate, then on all. float64 cases are preferred: they tell more.
    """
    from backproof.mutants import MUTANTS, Machine  # noqa: PLC0415 - for what deviates only
    from backproof.mutants.forms import forms  # noqa: PLC0415

    chosen = _telling(run)
    if not chosen:
        return []
    behaves = _of_behaviour(run.findings) and not any(_of_value(finding) for finding in run.findings)
    only_loss = all(f.quantity == "loss" for f in run.findings if f.status is Status.DEVIATES)
    everywhere = [*chosen, *(result for result in _comparable(run, chosen[0].case.dtype) if result not in chosen)]
    found = []
    for mutant in MUTANTS:
        if mutant.of_behaviour != behaves or (only_loss and not behaves and mutant.step != "loss"):
            continue
        machines = forms(mutant, run.subject.conventions.reduction)
        with_loss = mutant.step == "loss"
        worst = min((_worst(machine, everywhere, with_loss=with_loss) for machine in machines), default=float("inf"))
        if behaves:
            shows = Machine(shows=tuple(run.quantities))
            further = [_otherwise(result, mutant.machine(shows), run.subject) for result in chosen]
            worst = max(worst, *further)
        if worst <= AGREES * Tolerance(chosen[0].case.dtype).u:
            found.append((worst, mutant))
    only_weights = run.quantities <= {"weights", "biases"}
    ranked = sorted(found, key=lambda pair: (_order_of_magnitude(pair[0]), only_weights and pair[1].step != "update"))
    return [
        Suggestion(
            "mutant",
            mutant.name,
            worst,
            f"It agrees with `{mutant.name}` to a relative {worst:.0e}: {mutant.explanation}.",
        )
        for worst, mutant in ranked
    ]


def _of_value(finding: Finding) -> bool:
    """Whether a value of the case's own call deviates."""
    return finding.status is Status.DEVIATES and (
        finding.judged is not Judged.BEHAVIOUR or finding.clause == "B-own-loss"
    )


def _of_behaviour(findings: Iterable[Finding]) -> bool:
    """Whether something deviates in a further call, or in what a call leaves behind."""
    return any(finding.status is Status.DEVIATES and not _of_value(finding) for finding in findings)


def _otherwise(result: CaseResult, machine: Machine, subject: Subject) -> float:
    """Return how far the further calls of a mutant are from those of a case, relative; infinite for other clauses."""
    plain = result.case.under(_plain(result.case.conventions))
    theirs = run_subject(replace(subject, run=machine, conventions=plain.conventions), [plain]).findings
    mine, other = _by_clause(result.findings), _by_clause(theirs)
    if mine.keys() != other.keys():
        return float("inf")
    return max((_relative(mine[clause], other[clause]) for clause in mine), default=0.0)


def _by_clause(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {f.clause: f for f in findings if f.status is Status.DEVIATES and f.judged is Judged.BEHAVIOUR}


def _relative(mine: Finding, other: Finding) -> float:
    """Return how far the deviating answers are apart, each in units of the right one."""
    values = [(finding.got, finding.expected) for finding in (mine, other)]
    ratios = [got / expected for got, expected in values if got is not None and expected and np.isfinite(got)]
    if len(ratios) != len(values):
        same = [got is None or not np.isfinite(got) for got, _ in values]
        return 0.0 if same[0] == same[1] and len(ratios) == 0 else float("inf")
    return abs(ratios[0] - ratios[1])


def _order_of_magnitude(agreement: float) -> int:
    """Return the power of 1000 that an agreement is near: rounding decides nothing between two mutants."""
    return round(np.log10(max(agreement, np.finfo(np.float64).eps)) / 3)


def _worst(machine: Machine, results: Iterable[CaseResult], *, with_loss: bool) -> float:
    """Return the largest disagreement of a machine with what was shown; infinite as soon as it is too large."""
    worst = 0.0
    for result in results:
        worst = max(worst, _disagreement(result, machine(result.case), with_loss=with_loss))
        if not worst <= AGREES * Tolerance(result.case.dtype).u:
            return float("inf")
    return worst


def _comparable(run: Run, dtype: str) -> list[CaseResult]:
    """Return the judged cases in which code with the same mistake shows the same: none at exact zeros of a kink."""
    return [
        result
        for result in sorted(run.results, key=lambda r: r.case.size)
        if result.observation is not None and result.case.dtype == dtype and "exact-zero" not in result.case.flags
    ]


def _telling(run: Run) -> list[CaseResult]:
    """Return cases that deviate, small ones and others, and some that conform: a mutant must agree there as well."""
    for dtype in DTYPES:
        judged = _comparable(run, dtype)
        deviating = [r for r in judged if any(f.status is Status.DEVIATES for f in r.findings)]
        if deviating:
            right = [r for r in judged if r not in deviating]
            return [*_spread(deviating, MOST_CASES), *_spread(right, MOST_CASES)]
    return []


def _spread(results: list[CaseResult], most: int) -> list[CaseResult]:
    """Return the first half of `most` from the front, the others from all over."""
    front, rest = results[: most // 2], results[most // 2 :]
    return [*front, *rest[:: max(1, -(-len(rest) // (most - most // 2)))]] if rest else front


def _disagreement(result: CaseResult, records: list[dict[str, Any]], *, with_loss: bool) -> float:
    """Return the largest difference, relative to the largest value of each array; infinite for another form.

    The loss enters nothing else: it is compared where it deviates by itself, and with mutants of the loss.
    """
    observation = result.observation
    if observation is None:
        return float("inf")
    theirs = read_observation(records, result.case.under(_plain(result.case.conventions)))
    pairs = list(zip(observation.steps, theirs.steps, strict=False))
    if observation.final is not None:
        pairs = [(observation.final, theirs.steps[-1])]
    elif len(observation.steps) != len(theirs.steps):
        return float("inf")
    losses = with_loss or any(f.quantity == "loss" and _of_value(f) for f in result.findings)
    worst = 0.0
    for mine, other in pairs:
        for key, value in mine.values.items():
            if key not in other.values or (key[0] == "loss" and not losses):
                continue
            wrong = other.values[key]
            if wrong.shape != value.shape:
                return float("inf")
            if not np.isfinite(value).all() or not np.isfinite(wrong).all():
                same = np.array_equal(np.isfinite(value), np.isfinite(wrong))
                worst = max(worst, 0.0 if same else float("inf"))
                continue
            size = float(np.abs(value).max(initial=0.0)) or 1.0
            worst = max(
                worst, float(np.abs(value.astype(np.float64) - wrong.astype(np.float64)).max(initial=0.0)) / size
            )
    return worst


def _plain(conventions: Conventions) -> Conventions:
    """Return the conventions without a layout of their own: observations are already turned."""
    return replace(conventions, weight_layout="out_in", batch_axis=0)
