"""The kill matrix: mutants x cases, in each dtype, with everything shown and with weights alone.

A mutant is *exercised* by a case when what it shows differs from the exact values by more than 16 times the worst case
of correct code (function values of reduced accuracy included), or is not finite; a mutant of behaviour also when what
it shows in a further call does, or when it writes into its inputs. Where it shows what the machine shows, to the bit,
in every call of every case, it is *equivalent* there: a cast to float32 in float32 changes nothing. What is wrong in
one call is judged on that call alone: no further one is needed to catch it. A case in which every call shows what the
machine shows, to the bit, has the machine's findings: it is not judged once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from backproof.balls import Array, balls, middle, precision
from backproof.case import DTYPES, Case
from backproof.catalogue import all_cases
from backproof.door import Subject
from backproof.judge.behaviour import ROWS, calls, judge_inputs
from backproof.judge.findings import Status
from backproof.mutants import MUTANTS, get_mutant
from backproof.mutants.correct import CORRECT
from backproof.mutants.machine import Machine, Record
from backproof.observation import Observation, read_observation
from backproof.processes import in_processes
from backproof.run import CaseResult, Known, run_subject
from backproof.truth import Truth, truth_of
from backproof.verdict import Verdict
from backproof.walk import Key

EXERCISED = 16
SHOWN = {"everything": None, "weights": ("weights", "biases")}


@dataclass(frozen=True, slots=True)
class Cell:
    """One mutant on one case in one setting: by how many bounds it differs, and the clauses it deviated by."""

    case: str
    distance: float
    clauses: tuple[str, ...]

    @property
    def exercised(self) -> bool:
        """Whether it differs by more than 16 bounds."""
        return not self.distance <= EXERCISED

    @property
    def killed(self) -> bool:
        """Whether the judge found a deviation."""
        return bool(self.clauses)


@dataclass(frozen=True, slots=True)
class Row:
    """One mutant in one setting (dtype, what is shown)."""

    mutant: str
    dtype: str
    shown: str
    cells: tuple[Cell, ...]
    equivalent: bool
    first_clause: str | None

    @property
    def exercised(self) -> int:
        """The number of cases that exercise it."""
        return sum(cell.exercised for cell in self.cells)

    @property
    def killed(self) -> int:
        """The number of cases that kill it."""
        return sum(cell.killed for cell in self.cells)

    @property
    def escaped(self) -> tuple[str, ...]:
        """The cases that exercise it and do not kill it."""
        return tuple(cell.case for cell in self.cells if cell.exercised and not cell.killed)

    @property
    def holds(self) -> bool:
        """Whether the promise holds: killed by some case and in every case that exercises it, or equivalent."""
        return self.equivalent or (self.killed > 0 and not self.escaped)

    @property
    def localised(self) -> bool:
        """Whether the first deviation is by a clause that the mutant's step stands for."""
        return self.first_clause in get_mutant(self.mutant).clauses


def row(mutant: str, dtype: str, shown: str) -> Row:
    """Return one row of the matrix."""
    quantities = SHOWN[shown]
    base = Machine(shows=quantities)
    machine = get_mutant(mutant).machine(base)
    further = get_mutant(mutant).of_behaviour
    cases = all_cases(dtype)
    distances = {case.slug: _farthest(machine, case, further=further) for case in cases}
    right = _right_results(dtype, quantities, further=further)
    known = {key: result for key, result in right.items() if distances[key[0]] is None}
    run = run_subject(Subject(name=mutant, run=machine), cases, known=known, once=not further)
    cells = [Cell(result.case.slug, distances[result.case.slug] or 0.0, _clauses(result)) for result in run.results]
    equivalent = all(distance is None for distance in distances.values())
    first = Verdict(run).first_deviation
    return Row(mutant, dtype, shown, tuple(cells), equivalent, None if first is None else first.clause)


def _farthest(machine: Machine, case: Case, *, further: bool) -> float | None:
    """Return by how many bounds a mutant differs in any call of a case; None where it is the machine, to the bit."""
    found = None
    fresh = replace(machine)
    right = _right_answers(case, machine.shows, further=further)
    for (asked, records, written), (_, expected, _) in zip(_answers(fresh, case, further=further), right, strict=True):
        if written:
            found = float("inf")
        elif not _same(records, expected):
            found = max(found or 0.0, _distance(asked, records))
    return found


@lru_cache(maxsize=8)
def _right_results(dtype: str, shows: tuple[str, ...] | None, *, further: bool) -> Known:
    """Return what became of every case of the machine itself."""
    known: Known = {}
    run_subject(Subject(name="machine", run=Machine(shows=shows)), all_cases(dtype), known=known, once=not further)
    return known


def _answers(machine: Machine, case: Case, *, further: bool) -> list[tuple[Case, list[Record], bool]]:
    """Return (what was asked, what was shown, whether the inputs were written into) of a case, or of all its calls."""
    made = calls(case)
    found = []
    for one, memory in [(case, ROWS), *made.in_order()] if further else [(case, ROWS)]:
        given = one.for_subject(memory)
        shown = machine(given)
        if one is made.another:
            continue
        written = judge_inputs(one, one.for_subject(), given).status is Status.DEVIATES
        found.append((one, shown, written))
    return found


@lru_cache(maxsize=2048)
def _right_answers(
    case: Case, shows: tuple[str, ...] | None, *, further: bool
) -> list[tuple[Case, list[Record], bool]]:
    return _answers(Machine(shows=shows), case, further=further)


def _clauses(result: CaseResult) -> tuple[str, ...]:
    return tuple(sorted({f.clause for f in result.findings if f.status is Status.DEVIATES}))


def _same(one: Sequence[Record], other: Sequence[Record]) -> bool:
    if len(one) != len(other):
        return False
    return all(
        np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)
        for mine, theirs in zip(one, other, strict=True)
        for name in mine
        for a, b in zip(_arrays(mine[name]), _arrays(theirs[name]), strict=True)
    )


def _arrays(shown: Any) -> list[Any]:
    return [value for value in shown if value is not None] if isinstance(shown, list) else [shown]


def _distance(case: Case, records: Sequence[Record]) -> float:
    """Return the largest distance from the exact values in worst cases of correct code; infinite for another shape."""
    truth, largest = _widest(case), 0.0
    if len(records) != len(truth.steps):
        return float("inf")
    observation: Observation = read_observation(records, case)
    for record, expected, points in zip(observation.steps, truth.steps, _points(case), strict=True):
        for key, value in record.values.items():
            goal = expected.get(key)
            if goal is None:
                continue
            if goal.at_least is not None:
                largest = largest if value >= goal.at_least else float("inf")
                continue
            if value.shape != np.shape(goal.exact) or not np.isfinite(value).all():
                return float("inf")
            high, low = points[key]
            with np.errstate(all="ignore"):
                error = np.abs((value.astype(np.float64) - high) - low)
                ratio = np.where(error == 0, 0.0, error / goal.worst)
            largest = max(largest, float(np.nanmax(ratio)))
    return largest


@lru_cache(maxsize=2048)
def _points(case: Case) -> list[dict[Key, tuple[Array, Array]]]:
    """Return the exact values of every update, each as the sum of two floats."""
    truth = _widest(case)
    with precision(truth.bits):
        return [
            {key: (middle(goal.exact), middle(goal.exact - balls(middle(goal.exact)))) for key, goal in step.items()}
            for step in truth.steps
        ]


@lru_cache(maxsize=2048)
def _widest(case: Case) -> Truth:
    names = ("activations", "deltas")
    steps, layers = range(1, len(case.batches) + 1), range(1, case.depth + 1)
    return truth_of(case, frozenset((step, name, layer) for step in steps for name in names for layer in layers))


def _row(arguments: tuple[str, str, str]) -> Row:
    return row(*arguments)


def _counter(name: str) -> tuple[str, str, list[str]]:
    """Judge one correct implementation; return its verdict and its deviations."""
    verdict = Verdict(run_subject(CORRECT[name], all_cases()))
    return name, verdict.name, [f"{f.clause} in {f.case} ({f.dtype})" for f in verdict.deviations]


def matrix(
    jobs: int, progress: Callable[[int, int], None] | None = None, mutants: Sequence[str] | None = None
) -> Iterator[Row]:
    """Yield every row, computed in `jobs` processes; the results do not depend on their number."""
    names = [mutant.name for mutant in MUTANTS] if mutants is None else list(mutants)
    settings = [(name, dtype, shown) for dtype in DTYPES for shown in SHOWN for name in names]
    for done, found in enumerate(in_processes(_row, settings, jobs, 4), 1):
        if progress is not None:
            progress(done, len(settings))
        yield found


def counter_test(jobs: int) -> list[tuple[str, str, list[str]]]:
    """Return (name, verdict, deviations) of every correct implementation."""
    return list(in_processes(_counter, CORRECT, jobs))


def observed_clauses_killed(rows: Sequence[Row]) -> dict[str, int]:
    """Return, for each clause, how many mutants deviated by it with everything shown in float64."""
    found: dict[str, int] = {}
    for line in rows:
        if line.shown == "everything" and line.dtype == "float64":
            for clause in {clause for cell in line.cells for clause in cell.clauses}:
                found[clause] = found.get(clause, 0) + 1
    return found
