"""How far a machine is from what a subject showed, every step taken at the subject's own values upstream.

A witness is one case with its observation. The gap of a quantity is relative to its largest value (of parameters: to
the largest change). Where a machine's own result turns on the last digits of what it is given, as 1 / f' does next to
saturation, the case says nothing for or against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.catalogue.generator import Numbers
from backproof.diagnosis.suggestion import of_value
from backproof.mutants.machine import Machine, Record
from backproof.mutants.steps import loss as right_loss
from backproof.run import CaseResult
from backproof.tolerance import Tolerance

Key = tuple[str, int]
Values = dict[Key, Array]

AGREES = 2.0**14  # units of u, relative to the largest value of each array
JOSTLE = 2  # units of u by which every value is moved on its way, to see what a result turns on
TURNS = 2.0**8  # gaps up to so many times what the jostling moves say nothing
TOLD = 1 / 3  # the share of the deviating cases that must agree outright


@dataclass(slots=True, eq=False)
class Witness:
    """One judged case and its values by update."""

    result: CaseResult
    case: Case = field(init=False)
    steps: list[Values] = field(init=False)
    u: float = field(init=False)
    deviates: bool = field(init=False)
    wrong_loss: bool = field(init=False)
    suspects: frozenset[tuple[int, Key]] = field(init=False, default=frozenset())
    _right: list[Values] = field(init=False)
    _sizes: dict[tuple[int, Key], tuple[float, float]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Read the observation, and see where it is not what a correct program makes of its own values."""
        observation = self.result.observation
        self.case = self.result.case
        self.steps = [] if observation is None else [dict(record.values) for record in observation.steps]
        self.deviates = any(of_value(f) for f in self.result.findings)
        self.u = Tolerance(self.case.dtype).u
        self.wrong_loss = any(f.quantity == "loss" and of_value(f) for f in self.result.findings)
        self._right = flat(Machine()(self.case, self.steps))
        self.suspects = frozenset(
            (step, key)
            for step, key, value, right in paired(self, self._right) or ()
            if not gap_of(self, step, key, value, right) <= AGREES * self.u
        )

    def as_right(self, step: int, key: Key, value: Array) -> bool:
        """Whether a machine shows what a correct program would, to the bit."""
        right = self._right[step - 1].get(key) if step <= len(self._right) else None
        return right is not None and np.array_equal(right, value)

    def size(self, step: int, key: Key, value: Array) -> tuple[float, float]:
        """Return the size of what was shown of a quantity, and the rounding that is no part of it."""
        if (step, key) not in self._sizes:
            self._sizes[step, key] = _size(self, step, key, value)
        return self._sizes[step, key]

    @property
    def final(self) -> Values | None:
        """What was shown of the end alone."""
        observation = self.result.observation
        return None if observation is None or observation.final is None else dict(observation.final.values)


def jostle(u: float) -> Callable[[Array], Array]:
    """Return what moves every element of an array by up to JOSTLE u, never twice alike."""
    numbers = Numbers(JOSTLE)

    def moved(values: Array) -> Array:
        noise = numbers.uniform(*values.shape)
        return np.asarray(values * (1 + JOSTLE * u * noise), dtype=values.dtype)

    return moved


def flat(records: Sequence[Record]) -> list[Values]:
    """Return a machine's records by (quantity, layer)."""
    return [
        {
            (name, number): np.asarray(value)
            for name, shown in record.items()
            for number, value in (enumerate(shown, 1) if isinstance(shown, list) else [(0, shown)])
            if value is not None
        }
        for record in records
    ]


def agreement(machine: Machine, witnesses: Sequence[Witness]) -> float:
    """Return the largest gap of a machine; infinite as soon as one is too large, or where too few cases tell."""
    worst, told, asked = 0.0, 0, 0
    for witness in witnesses:
        gap = _gap(machine, witness)
        if gap is None:
            asked += witness.deviates
            continue
        if not gap <= AGREES * witness.u:
            return float("inf")
        worst = max(worst, gap)
        asked += witness.deviates
        told += witness.deviates
    return worst if told and told >= TOLD * asked else float("inf")


def _gap(machine: Machine, witness: Witness) -> float | None:
    """Return the largest gap in one case; None where the machine's own result turns on the last digits."""
    predicted = flat(machine(witness.case, witness.steps))
    pairs = paired(witness, predicted)
    if pairs is None:
        return float("inf")
    with_loss = machine.loss is not right_loss
    worst, large = 0.0, []
    for step, key, value, wrong in sorted(pairs, key=lambda pair: pair[:2] not in witness.suspects):
        if key[0] == "loss" and not (witness.wrong_loss or with_loss):
            continue
        gap = gap_of(witness, step, key, value, wrong)
        if gap <= AGREES * witness.u:
            worst = max(worst, gap)
        elif witness.as_right(step, key, wrong) or (np.isinf(gap) and np.isfinite(wrong).all()):
            return float("inf")
        elif np.isfinite(gap):
            large.append((step, key, value, wrong, gap))
        else:  # the machine itself overflows there
            large.append((step, key, value, wrong, 0.0))
    if not large:
        return worst
    again = flat(machine(witness.case, witness.steps, jostle(witness.u)))
    excused = all(
        gap <= TURNS * _turn(witness, again, step, key, value, wrong) for step, key, value, wrong, gap in large
    )
    return None if excused else float("inf")


def _turn(witness: Witness, again: list[Values], step: int, key: Key, value: Array, wrong: Array) -> float:
    """Return by how much the machine's result moves when every value on its way is moved by a few units."""
    moved = again[step - 1].get(key) if step <= len(again) else None
    if moved is None or moved.shape != wrong.shape or not np.isfinite(moved).all():
        return 0.0
    return gap_of(witness, step, key, wrong, moved, size=witness.size(step, key, value))


def paired(witness: Witness, predicted: list[Values]) -> list[tuple[int, Key, Array, Array]] | None:
    """Return (update, key, shown, predicted) of everything that both have; None where the updates differ in number."""
    final = witness.final
    if not predicted:  # no update is made: the parameters stay as they are, and nothing else can be shown
        shown_at_all = [final] if final is not None else witness.steps
        if any(key[0] not in ("weights", "biases") for values in shown_at_all for key in values):
            return None
        predicted = [_initial(witness.case)]
    if final is not None:
        shown = [(len(predicted), final)]
    elif len(witness.steps) == len(predicted):
        shown = list(enumerate(witness.steps, 1))
    else:
        return None
    loss = witness.case.conventions.loss_at == "before"
    return [
        (step, key, value, predicted[step - 1][key])
        for step, values in shown
        for key, value in values.items()
        if key in predicted[step - 1] and (key[0] != "loss" or loss)
    ]


def _initial(case: Case) -> Values:
    """Return what is shown where no update is made."""
    found = {("weights", number): layer.weights for number, layer in enumerate(case.layers, 1)}
    return found | {("biases", n): layer.biases for n, layer in enumerate(case.layers, 1) if layer.biases is not None}


def gap_of(
    witness: Witness, step: int, key: Key, value: Array, wrong: Array, *, size: tuple[float, float] | None = None
) -> float:
    """Return the largest difference of two arrays of one quantity, relative to its size; infinite for another form."""
    if wrong.shape != value.shape:
        return float("inf")
    mask = witness.case.layers[key[1] - 1].mask if key[0] == "weight_gradients" else None
    one, other = value.astype(np.float64), wrong.astype(np.float64)
    if mask is not None:  # the gradient of an edge that does not exist is nobody's business
        one, other = np.where(mask, one, 0.0), np.where(mask, other, 0.0)
    finite = np.isfinite(one)
    if not np.array_equal(one[~finite], other[~finite], equal_nan=True) or not np.isfinite(other[finite]).all():
        return float("inf")
    largest, floor = size or witness.size(step, key, value)
    with np.errstate(over="ignore"):  # what is too large to write is infinitely wrong
        error = float(np.abs(np.subtract(one, other, where=finite, out=np.zeros_like(one))).max(initial=0.0))
    return max(error - floor, 0.0) / largest


def _size(witness: Witness, step: int, key: Key, value: Array) -> tuple[float, float]:
    """Return the size of a quantity, and the rounding of parameters that is no part of their change."""
    finite = value[np.isfinite(value)].astype(np.float64)
    largest = float(np.abs(finite).max(initial=0.0))
    if key[0] in ("weights", "biases") and witness.steps:
        before = before_update(witness, step, key)
        if before is not None and before.shape == value.shape:
            floor = 4 * witness.u * largest
            change = np.abs(value.astype(np.float64) - before.astype(np.float64))
            largest = float(change[np.isfinite(change)].max(initial=0.0))
            return (largest or floor or 1.0), floor
    return largest or 1.0, 0.0


def before_update(witness: Witness, step: int, key: Key) -> Array | None:
    """Return a layer's parameters before an update: the case's, or those shown after the update before."""
    if step > 1:
        return witness.steps[step - 2].get(key)
    found: Array | None = getattr(witness.case.layers[key[1] - 1], key[0])
    return found


def elementwise(witness: Witness, machine: Machine) -> Iterator[tuple[int, Key, Array, Array, Array]]:
    """Yield (update, key, shown, predicted, size of each element) of everything shown but the loss."""
    for step, key, value, predicted in paired(witness, flat(machine(witness.case, witness.steps))) or ():
        if key[0] == "loss" or value.shape != predicted.shape:
            continue
        size = np.abs(predicted.astype(np.float64))
        if key[0] in ("weights", "biases") and witness.steps:
            before = before_update(witness, step, key)
            if before is not None:
                size = np.abs(predicted.astype(np.float64) - before.astype(np.float64))
        yield step, key, value, predicted, size
