"""The behaviour clauses of one case: the subject is called again, and its answers are held against one another.

The calls, in this order: the same again; the
first batch backwards; its two halves; the same case in other orders of memory (where the subject is handed the arrays);
another case; the same once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

import backproof.behaviour as says
from backproof.balls import Array
from backproof.case import Case
from backproof.errors import SubjectError
from backproof.judge.answers import Pair, behaviour_finding, compare_answers
from backproof.judge.findings import Finding, Status
from backproof.observation import BY_SAMPLE, QUANTITIES, Observation
from backproof.truth import Truth
from backproof.walk import Key
from backproof_spec import clause_of

Values = Mapping[Key, Array]
Ask = Callable[[Case, str], Observation]
ROWS, *OTHER_ORDERS = ("rows", "columns", "apart")

EXACTLY_ZERO = ("deltas", "weight_gradients", "bias_gradients")


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """What a case is asked again as; None where a batch of one sample has no such form."""

    same: Case
    first_update: Case
    permuted: Case | None
    halves: tuple[Case, Case] | None
    another: Case

    def in_order(self) -> Iterator[tuple[Case, str]]:
        """Yield every call after the first (case, order of memory), as the judge makes them one after the other."""
        yield self.same, ROWS
        for case in (self.permuted, *(self.halves or ())):
            if case is not None:
                yield case, ROWS
        for memory in OTHER_ORDERS:
            yield self.same, memory
        yield self.another, ROWS
        yield self.same, ROWS


@lru_cache(maxsize=2048)
def calls(case: Case) -> Calls:
    """Return the further calls that the behaviour clauses make for a case."""
    batch = case.batches[0]
    first = case if len(case.batches) == 1 else replace(case, batches=(batch,))
    half = (len(batch) + 1) // 2
    several = len(batch) > 1
    return Calls(
        same=case,
        first_update=first,
        permuted=replace(case, batches=(batch[::-1],)) if several else None,
        halves=(replace(case, batches=(batch[:half],)), replace(case, batches=(batch[half:],))) if several else None,
        another=replace(case, x=2 * case.x, y=case.y[::-1]),
    )


def judge_behaviour(
    case: Case, observation: Observation, truth: Truth, ask: Ask | None, *, in_process: bool, deviates: bool
) -> list[Finding]:
    """Return the findings of the behaviour clauses on one case.

    ask: runs the subject on a case, in an order of memory (None: it is not asked again); in_process: it is handed the
    arrays, so that this order can matter; deviates: the case deviates already, so that most of what is found here is a
    consequence.
    Raises SubjectError when it fails in a further call.
    """
    found: list[Finding] = []
    if "zero-error" in case.flags:
        found.append(_zero_error(case, observation, deviates=deviates))
    if truth.undecided or ask is None:
        return found
    made, first = calls(case), _first_update(case, observation)

    def again(clause: str, *memory: str) -> Finding:
        def shown() -> list[Pair]:
            return [pair for order in memory for pair in _same(observation, ask(made.same, order), truth)]

        return _asked(clause, case, shown, may_refuse=memory != (ROWS,))

    found.append(again(_id(says.same_call_twice), ROWS))
    unsteady = found[-1].status is Status.DEVIATES
    behind = deviates or unsteady
    if made.permuted is not None and made.halves is not None:
        if first is None:
            first = _first_update(case, ask(made.first_update, ROWS))
        permuted, halves, known = made.permuted, made.halves, first or {}
        found.append(
            _behind(
                _asked(
                    _id(says.permuted_batch),
                    case,
                    lambda: _permuted(case, known, _first_update(permuted, ask(permuted, ROWS)), truth),
                ),
                behind,
            )
        )
        found.append(
            _behind(
                _asked(
                    _id(says.concatenated_batch),
                    case,
                    lambda: concatenated(
                        case, known, truth, [(part, _first_update(part, ask(part, ROWS)) or {}) for part in halves]
                    ),
                ),
                behind,
            )
        )
    if in_process:
        found.append(_behind(again(_id(says.memory_order_irrelevant), *OTHER_ORDERS), behind))
    try:
        ask(made.another, ROWS)
    except SubjectError:  # in this process only what that case leaves behind matters; a program's answer must be one
        if not in_process:
            raise
    found.append(_behind(again(_id(says.nothing_kept_between_calls), ROWS), unsteady))
    return found


def judge_inputs(case: Case, before: Case, after: Case) -> Finding:
    """Return the finding of B-inputs: what was handed over, before and after the call."""
    changed = [
        name
        for name, old, new in _inputs(before, after)
        if old.shape != new.shape or not np.array_equal(old, new, equal_nan=old.dtype.kind == "f")
    ]
    message = f"{' and '.join(changed)} {'was' if len(changed) == 1 else 'were'} written into" if changed else ""
    return behaviour_finding(
        _id(says.inputs_not_mutated),
        case,
        status=Status.DEVIATES if changed else Status.PASSED,
        ratio=float("inf") if changed else 0.0,
        message=message,
    )


def _inputs(before: Case, after: Case) -> Iterator[tuple[str, Array, Array]]:
    yield "x", before.x, after.x
    yield "y", before.y, after.y
    for number, (old, new) in enumerate(zip(before.layers, after.layers, strict=True), 1):
        if old.mask is not None and new.mask is not None:
            yield f"layers[{number}].mask", old.mask, new.mask
    for number, (one, other) in enumerate(zip(before.batches, after.batches, strict=True), 1):
        yield f"batches[{number}]", np.asarray(one), np.asarray(other)


def _id(function: Any) -> str:
    return clause_of(function).id


def _first_update(case: Case, observation: Observation) -> Values | None:
    """Return what the first update showed, or None where only the end of several was."""
    if observation.steps:
        return observation.steps[0].values
    return observation.final.values if observation.final is not None and len(case.batches) == 1 else None


def _asked(clause: str, case: Case, pairs: Callable[[], Sequence[Pair]], *, may_refuse: bool = False) -> Finding:
    """Return the finding of a further call; may_refuse: to raise there is a deviation, and no error of the case.

    Raises SubjectError, which says that it is not the first call.
    """
    try:
        return compare_answers(clause, case, pairs())
    except SubjectError as error:
        if not may_refuse:
            msg = f"called again (for {clause}), {error}"
            raise SubjectError(msg) from error
        return behaviour_finding(clause, case, status=Status.DEVIATES, ratio=float("inf"), message=f"there, {error}")


def _behind(finding: Finding, consequence: bool) -> Finding:  # noqa: FBT001 - one question, asked three times
    """What a deviation of the case itself explains is a consequence of it."""
    return replace(finding, status=Status.DOWNSTREAM) if consequence and finding.status is Status.DEVIATES else finding


def _known(truth: Truth, step: int, values: Values) -> Iterator[tuple[Key, Array]]:
    """Yield what was shown and has a bound around one exact value."""
    for key in values:
        goal = truth.steps[step - 1].get(key)
        if goal is not None and goal.at_least is None and goal.worst.shape == values[key].shape:
            yield key, goal.worst


def _same(shown: Observation, again: Observation, truth: Truth) -> list[Pair]:
    pairs = list(enumerate(zip(shown.steps, again.steps, strict=False), 1))
    if len(shown.steps) != len(again.steps):
        return [Pair(1, ("weights", 0), np.ones(1), None, np.zeros(1))]
    if shown.final is not None and again.final is not None:
        pairs.append((len(truth.steps), (shown.final, again.final)))
    return [
        Pair(step, key, one.values[key], other.get(*key), 2 * worst)
        for step, (one, other) in pairs
        if step <= len(truth.steps)
        for key, worst in _known(truth, step, one.values)
    ]


def _permuted(case: Case, shown: Values, permuted: Values | None, truth: Truth) -> list[Pair]:
    order = np.arange(len(case.batches[0]))[::-1]
    found = []
    for key, worst in _known(truth, 1, shown):
        rows = key[0] in BY_SAMPLE
        if key[0] == "loss" and case.conventions.loss_at != "before":
            continue
        goal, bound = (shown[key][order], worst[order]) if rows else (shown[key], worst)
        found.append(Pair(1, key, goal, (permuted or {}).get(key), 2 * bound))
    return found


def concatenated(case: Case, whole: Values, truth: Truth, parts: Sequence[tuple[Case, Values]]) -> list[Pair]:
    """Return the gaps between a batch and its two parts; parameters are compared by their changes.

    The bounds of the parts are not computed: of a sample's own values they are those of its row in the whole batch, of
    a sum over the samples they make up no more than twice that of the whole (once for the terms, once for what every
    part rounds anew).
    """
    count, outputs, conventions = len(case.batches[0]), case.widths[-1], case.conventions
    sizes = [len(part.batches[0]) for part, _ in parts]
    found = []
    for key, worst in _known(truth, 1, whole):
        quantity, layer = key
        values = [shown.get(key) for _, shown in parts]
        if any(value is None for value in values) or (quantity == "loss" and conventions.loss_at != "before"):
            continue
        scale = conventions.delta_scale if quantity == "deltas" else conventions.error_scale
        factors = [float(scale(case.loss, outputs, count) / scale(case.loss, outputs, size)) for size in sizes]
        if quantity in ("net_inputs", "activations"):
            factors = [1.0, 1.0]
        shown = [np.asarray(value, dtype=np.float64) for value in values]
        if quantity in BY_SAMPLE:
            both = np.concatenate([factor * value for factor, value in zip(factors, shown, strict=True)])
            tolerance = 2 * worst
        else:
            tolerance = 3 * worst
            before = _before(case, quantity, layer)
            with np.errstate(all="ignore"):
                both = before + sum(factor * (value - before) for factor, value in zip(factors, shown, strict=True))
        found.append(Pair(1, key, whole[key], both, tolerance))
    return found


def _before(case: Case, quantity: str, layer: int) -> Any:
    if quantity not in ("weights", "biases"):
        return 0.0
    parameters = getattr(case.layers[layer - 1], quantity)
    return 0.0 if parameters is None else parameters.astype(np.float64)


def _zero_error(case: Case, observation: Observation, *, deviates: bool) -> Finding:
    gaps = []
    records = list(enumerate(observation.steps, 1))
    if observation.final is not None:
        records.append((len(case.batches), observation.final))
    for step, record in records:
        for key, value in sorted(record.values.items(), key=lambda item: (QUANTITIES.index(item[0][0]), item[0][1])):
            if key[0] in EXACTLY_ZERO:
                gaps.append(Pair(step, key, np.zeros_like(value), value, np.zeros(value.shape)))
            elif key[0] in ("weights", "biases"):
                before = getattr(case.layers[key[1] - 1], key[0])
                gaps.append(Pair(step, key, np.asarray(before), value, np.zeros(value.shape)))
    return _behind(compare_answers(_id(says.zero_error_zero_update), case, gaps), deviates)
