"""The mutants of behaviour that a run agrees with: the same calls, in the same order, on the same cases.

What is kept between calls depends on all calls before, so a mutant is followed through the first cases of the run, from
the start, in every way in which it may keep things: for each network, for each shape of one, or for all alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

import backproof.behaviour as says
from backproof.case import Case
from backproof.diagnosis.agreement import AGREES, Values, flat
from backproof.diagnosis.suggestion import of_behaviour, of_value
from backproof.judge.behaviour import OTHER_ORDERS, ROWS, calls, concatenated, judge_inputs
from backproof.judge.findings import Finding, Judged, Status
from backproof.mutants import MUTANTS, Machine, Mutant
from backproof.mutants.forms.behaviour import OF_STEP, keeping
from backproof.run import CaseResult, Run
from backproof.tolerance import Tolerance
from backproof.truth import truth_of
from backproof_spec import clause_of

MOST = 24
DEVIATING = 4
KEPT_FOR = ("case", "shape", "all")
INPUTS, REPEAT, PERMUTED, CONCATENATED, MEMORY, STATE = (
    clause_of(function).id
    for function in (
        says.inputs_not_mutated,
        says.same_call_twice,
        says.permuted_batch,
        says.concatenated_batch,
        says.memory_order_irrelevant,
        says.nothing_kept_between_calls,
    )
)


def behaviour_agreements(run: Run) -> list[tuple[float, int, Mutant]]:
    """Return (agreement, number of the form, mutant) of every mutant of behaviour that shows the same in every call."""
    first = _first(run)
    found = []
    for mutant in MUTANTS:
        if not mutant.of_behaviour or not first:
            continue
        best = min((_agreement(run, machine, first), number) for number, machine in enumerate(_forms(mutant, run)))
        if np.isfinite(best[0]):
            found.append((*best, mutant))
    return found


def every_second_call(run: Run) -> bool:
    """Whether the same call is right and wrong by turns, from the first call of the run on, by whatever amount.

    Every call of the run is counted: a case whose first call is an odd one is right there, or all of those are wrong.
    """
    place, first_wrong = 0, set()
    for result in run.results:
        if result.observation is None or result.case.dtype != run.results[0].case.dtype:
            continue
        found = {f.clause: f for f in result.findings if f.judged is Judged.BEHAVIOUR}
        if REPEAT not in found:  # nothing was asked again, since its truth has two sides
            place += 1
            continue
        further = [memory for _, _, memory in _further(result.case) if memory == ROWS or run.subject.in_process]
        wrong = any(of_value(finding) for finding in result.findings)
        if "zero-error" not in result.case.flags:
            first_wrong.add((place % 2, wrong))
            if found[REPEAT].status is not Status.DEVIATES:
                return False
        place += 1 + len(further)
    return first_wrong in ({(0, False), (1, True)}, {(0, True), (1, False)})


def _forms(mutant: Mutant, run: Run) -> Iterator[Machine]:
    base = Machine(shows=tuple(run.quantities))
    yield mutant.machine(base)
    for form in OF_STEP[mutant.step](mutant) if mutant.step in OF_STEP else ():
        machine = base
        for step, wrong in form:
            machine = machine.with_step(step, wrong)
        yield machine
    if mutant.step == "keep":
        for kept_for in KEPT_FOR:
            for wrong in keeping(mutant):
                yield replace(base.with_step("keep", wrong), kept_for=kept_for)


def _first(run: Run) -> list[CaseResult]:
    """Return the cases of the run up to the fourth that deviates in a further call, in the order in which they ran."""
    chosen: list[CaseResult] = []
    deviating = 0
    for result in run.results:
        if result.observation is None or deviating == DEVIATING or len(chosen) == MOST:
            continue
        chosen.append(result)
        deviating += of_behaviour(result.findings)
    return chosen if deviating else []


def _agreement(run: Run, machine: Machine, first: Sequence[CaseResult]) -> float:
    """Return the largest relative difference; infinite as soon as one is too large, or where no case tells anything."""
    worst, told = 0.0, False
    for result in first:
        try:
            here, tells = _in_case(result, machine, in_process=run.subject.in_process)
        except ValueError:  # what was kept of one network does not fit another: such a program would not run
            return float("inf")
        worst, told = max(worst, here), told or tells
        if not worst <= AGREES * Tolerance(result.case.dtype).u:
            return float("inf")
    return worst if told else float("inf")


def _in_case(result: CaseResult, machine: Machine, *, in_process: bool) -> tuple[float, bool]:
    """Return the largest relative difference in one case, infinite as soon as a call differs by too much.

    And whether the case tells anything: something that deviates was compared.
    """
    case, observation = result.case, result.observation
    limit = AGREES * Tolerance(case.dtype).u
    plain = case.under(replace(case.conventions, weight_layout="out_in", batch_axis=0))
    given = plain.for_subject()
    first = flat(machine(given))
    steps = [] if observation is None else [dict(record.values) for record in observation.steps]
    worst = _of_values(steps, first) if steps else 0.0
    told = bool(steps) and any(of_value(finding) for finding in result.findings)
    found = {f.clause: f for f in result.findings if f.judged is Judged.BEHAVIOUR and f.status is not Status.VACUOUS}
    if INPUTS in found:
        if found[INPUTS].message != judge_inputs(plain, plain.for_subject(), given).message:
            return float("inf"), False
        told = told or found[INPUTS].status is Status.DEVIATES
    smallest: dict[str, float] = {}
    halves: list[tuple[Case, Values]] = []
    for name, asked, memory in _further(plain):
        if not worst <= limit:
            return float("inf"), False
        if memory != ROWS and not in_process:
            continue
        answer = flat(machine(asked.for_subject(memory)))
        if name not in found or found[name].got is None:
            continue
        told = told or found[name].status is not Status.PASSED
        if name == CONCATENATED:
            halves.append((asked, answer[0]))
            worst = max(worst, _of_halves(found[name], plain, first[0], halves)) if len(halves) > 1 else worst
            continue
        smallest[name] = min(smallest.get(name, float("inf")), _apart(found[name], answer))
        worst = max(worst, smallest[name]) if memory in (ROWS, OTHER_ORDERS[-1]) else worst
    return worst, told


def _of_halves(finding: Finding, case: Case, whole: Values, halves: Sequence[tuple[Case, Values]]) -> float:
    """Return how far the two halves of a machine, put together, are from those that were found."""
    for pair in concatenated(case, whole, truth_of(case), halves):
        if pair.key == (finding.quantity, finding.layer) and pair.other is not None:
            return _apart(finding, [{pair.key: pair.other}])
    return float("inf")


def _further(case: Case) -> list[tuple[str, Case, str]]:
    """Return the further calls (the clause that looks at the answer, case, order of memory), one after the other."""
    made = calls(case)
    several = (PERMUTED, CONCATENATED, CONCATENATED) if made.permuted is not None else ()
    names = [REPEAT, *several, *[MEMORY] * len(OTHER_ORDERS), "", STATE]
    return [(name, asked, memory) for name, (asked, memory) in zip(names, made.in_order(), strict=True)]


def _apart(finding: Finding, answer: list[Values]) -> float:
    """Return how far the machine's value is from the one that was found, relative to the larger of got and expected."""
    values = answer[finding.step - 1] if finding.step <= len(answer) else {}
    value = values.get((finding.quantity, finding.layer))
    if value is None or finding.got is None or finding.expected is None or len(finding.index) != value.ndim:
        return float("inf")
    theirs = float(value[finding.index])
    if not np.isfinite(finding.got) or not np.isfinite(theirs):
        return 0.0 if np.isfinite(finding.got) == np.isfinite(theirs) else float("inf")
    return abs(theirs - finding.got) / (max(abs(finding.got), abs(finding.expected)) or 1.0)


def _of_values(mine: list[Values], theirs: list[Values]) -> float:
    """Return the largest relative difference of what the first calls showed."""
    if len(mine) != len(theirs):
        return float("inf")
    worst = 0.0
    for one, other in zip(mine, theirs, strict=True):
        for key in (one.keys() & other.keys()) - {("loss", 0)}:
            value, wrong = one[key].astype(np.float64), other[key].astype(np.float64)
            if value.shape != wrong.shape or not np.array_equal(np.isfinite(value), np.isfinite(wrong)):
                return float("inf")
            finite = np.isfinite(value)
            size = float(np.abs(value[finite]).max(initial=0.0)) or 1.0
            worst = max(worst, float(np.abs(value - wrong)[finite].max(initial=0.0)) / size)
    return worst
