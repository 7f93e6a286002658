"""The mutants that show what a subject shows, best agreement first.

Each is run in every form that its bug takes, under the subject's conventions, and must agree in every quantity that is
shown: in the cases that deviate, and in those that conform. float64 cases are preferred: they tell more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backproof.case import DTYPES, Case
from backproof.diagnosis.agreement import Witness, agreement
from backproof.diagnosis.behaviour import behaviour_agreements, every_second_call
from backproof.diagnosis.kinds import recognised
from backproof.diagnosis.suggestion import Suggestion, of_behaviour, of_value
from backproof.judge.findings import Status
from backproof.mutants import MUTANTS, Machine, Mutant, get_mutant
from backproof.mutants.forms import forms
from backproof.run import Run

MOST_CASES = 8


def suggest_mutants(run: Run) -> list[Suggestion]:
    """Return the mutants that the run agrees with; none where nothing deviates.

    A mutant of behaviour is looked for where a further call deviates, one of kind alone where no values agree.
    """
    if not any(finding.status is Status.DEVIATES for finding in run.findings):
        return []
    found: list[tuple[float, int, Mutant]] = []
    if any(of_value(finding) for finding in run.findings):
        found = _by_value(run)
    if of_behaviour(run.findings):
        found += behaviour_agreements(run)
    if not found:
        return [_recognised(name) for name in _kinds(run)]
    only_weights = run.quantities <= {"weights", "biases"}
    ranked = sorted(
        found, key=lambda one: (_order_of_magnitude(one[0]), one[1] > 0, only_weights and one[2].step != "update")
    )
    return [
        Suggestion(
            "mutant",
            mutant.name,
            worst,
            f"It agrees with `{mutant.name}` to a relative {worst:.0e}: {mutant.explanation}.",
        )
        for worst, _, mutant in ranked
    ]


def _by_value(run: Run) -> list[tuple[float, int, Mutant]]:
    """Return (agreement, number of the form, mutant) of every mutant that agrees in the values of its best form."""
    witnesses = _telling(run)
    if not witnesses:
        return []
    only_loss = all(f.quantity == "loss" for f in run.findings if f.status is Status.DEVIATES)
    found: list[tuple[float, int, Mutant]] = []
    if np.isfinite(agreement(Machine(), witnesses)):
        return found
    for mutant in MUTANTS:
        if only_loss and mutant.step != "loss":
            continue
        best = min(
            (
                (agreement(machine, witnesses), number)
                for number, machine in enumerate(forms(mutant, run.subject.conventions.reduction))
            ),
            default=(float("inf"), 0),
        )
        if np.isfinite(best[0]):
            found.append((*best, mutant))
    return found


def _kinds(run: Run) -> list[str]:
    """Return what a run is recognised as by the kind of its errors."""
    if of_behaviour(run.findings) and every_second_call(run):
        return ["every-second-call-differs"]
    if _other_samples(run):
        return ["batches-sorted"]
    witnesses = _telling(run)
    return recognised(witnesses) if witnesses else []


def _other_samples(run: Run) -> bool:
    """Whether all that is wrong is which samples the updates were made with."""
    wrong = [finding for finding in run.findings if of_value(finding)]
    modes = {"M1", "M2", "M3"}
    return any(f.quantity == "net_inputs" and f.clause in modes for f in wrong) and {f.clause for f in wrong} <= modes


def _recognised(name: str) -> Suggestion:
    mutant = get_mutant(name)
    explanation = f"It looks like `{name}`: {mutant.explanation}; the size and the look of the errors are those."
    return Suggestion("mutant", name, None, explanation)


def _order_of_magnitude(agreement: float) -> int:
    """Return the power of 1000 that an agreement is near: rounding decides nothing between two mutants."""
    return round(np.log10(max(agreement, np.finfo(np.float64).eps)) / 3)


def _telling(run: Run) -> list[Witness]:
    """Return the judged cases of one dtype: some small ones that deviate, some that conform, then all others."""
    for dtype in DTYPES:
        results = sorted(run.results, key=lambda result: result.case.size)
        every = [Witness(r) for r in results if r.observation is not None and r.case.dtype == dtype]
        judged = [witness for witness in every if _comparable(witness.case)]
        deviating = [witness for witness in judged if witness.deviates]
        if not deviating:  # code with the same mistake may show something else there, but there is nothing else to see
            judged, deviating = every, [witness for witness in every if witness.deviates]
        if deviating:
            right = [witness for witness in judged if not witness.deviates]
            front = [*_spread(deviating, MOST_CASES), *_spread(right, MOST_CASES)]
            return [*front, *(witness for witness in judged if witness not in front)]
    return []


def _comparable(case: Case) -> bool:
    """Whether code with the same mistake shows the same there: not at exact zeros of a kink."""
    return "exact-zero" not in case.flags


def _spread(witnesses: Sequence[Witness], most: int) -> list[Witness]:
    """Return the first half of `most` from the front, the others from all over."""
    front, rest = list(witnesses[: most // 2]), list(witnesses[most // 2 :])
    return [*front, *rest[:: max(1, -(-len(rest) // (most - most // 2)))]] if rest else front
