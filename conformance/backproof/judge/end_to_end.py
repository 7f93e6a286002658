"""End-to-end judgement: every observed quantity against independent oracles, within the bounds of accumulated error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from backproof.balls import Array, distance, radius
from backproof.case import Case
from backproof.errors import OracleError
from backproof.judge.findings import Finding, Judged, Status, compare
from backproof.tolerance import Tolerance
from backproof.truth import Expected, Truth
from backproof.walk import Key

Values = Mapping[Key, Array]
SPEC = "spec in ball arithmetic"


def judge_against(
    case: Case,
    truth: Truth,
    shown: Mapping[int, Values],
    locally: Sequence[Finding],
    oracle: str = SPEC,
    oracle_steps: Sequence[Values] | None = None,
) -> list[Finding]:
    """Return the end-to-end findings of a case against one oracle, and those of A1 and the descent mode.

    shown: the usable values by update (the last update alone, where only the end was shown); locally: the findings of
    presence and local judgement, which decide between `deviates` and `downstream`; oracle_steps: the oracle's values
    by update, None for the exact ones.

    Raises OracleError when a value leaves the worst case although it and all before it conform locally.
    """
    deviating = [finding for finding in locally if finding.status is Status.DEVIATES]
    judged_locally = {(f.step, f.quantity, f.layer) for f in locally if f.status is not Status.VACUOUS}
    first = min((finding.step for finding in deviating), default=None)
    findings = []
    for step, values in shown.items():
        expected = truth.steps[step - 1]
        for key, value in values.items():
            if key not in expected:
                continue
            own = None if oracle_steps is None else oracle_steps[step - 1].get(key)
            if oracle_steps is not None and (own is None or not np.isfinite(own).all()):
                continue
            found = _finding(case, step, key, value, expected[key], oracle, own)
            if found.status is Status.DEVIATES and first is not None and first <= step:
                found = replace(found, status=Status.DOWNSTREAM)
            elif found.status is Status.DEVIATES and (step, *key) in judged_locally:
                msg = (
                    f"the kit contradicts itself on case {case.slug!r} ({case.dtype}), update {step}, {key[0]} of "
                    f"layer {key[1]}: it conforms locally and so does all before it, but leaves the worst case end to "
                    f"end (got {found.got!r}, {oracle} {found.expected!r}, tolerance {found.tolerance:.3g}). "
                    "Please report it"
                )
                raise OracleError(msg)
            findings.append(found)
    return [*findings, *_whole(case, findings)]


def _finding(
    case: Case, step: int, key: Key, value: Array, expected: Expected, oracle: str, own: Array | None
) -> Finding:
    """Compare one quantity with an oracle; an oracle of floats adds its own worst case in float64."""
    reference, extra = expected.exact, 0.0 * expected.worst
    if own is not None:
        reference = own
        extra = expected.worst * (Tolerance("float64").u / Tolerance(case.dtype).u)
    result = compare(
        value,
        reference,
        expected.rms + extra,
        reduced=expected.worst + extra,
        at_least=expected.at_least,
        smallest=Tolerance(case.dtype).smallest,
    )
    return Finding(
        clause=expected.clause,
        quantity=key[0],
        case=case.slug,
        dtype=case.dtype,
        step=step,
        layer=key[1],
        judged=Judged.END_TO_END,
        source=oracle,
        carries=("E3",) if key[0] == "loss" and len(case.batches[step - 1]) > 1 else (),
        **result.fields(),
    )


def _whole(case: Case, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings of A1 (each update as a whole) and of the descent mode (the whole run of updates)."""
    updated = [f for f in findings if f.quantity in ("weights", "biases")]
    chosen = updated or [f for f in findings if f.quantity in ("weight_gradients", "bias_gradients")]
    if not chosen:
        return []
    last = max(f.step for f in chosen)
    whole = [_worst_of("A1", [f for f in chosen if f.step == step]) for step in sorted({f.step for f in chosen})]
    mode = _worst_of(case.mode, [f for f in chosen if f.step == last])
    return [*whole, mode] if last == len(case.batches) else whole


def _worst_of(clause: str, findings: list[Finding]) -> Finding:
    order = [Status.VACUOUS, Status.PASSED, Status.REDUCED, Status.DOWNSTREAM, Status.DEVIATES]
    worst = max(findings, key=lambda finding: (order.index(finding.status), finding.ratio))
    return replace(worst, clause=clause, carries=())


def agreement(case: Case, truth: Truth, steps: Sequence[Values], dtype: str, oracle: str) -> float:
    """Return the largest error of an oracle's values in units of the worst case of correct code in `dtype`.

    Values that are not finite are left out: the literal spec in floats is unbounded under saturation.
    Raises OracleError when the oracle leaves the worst case: then it may judge nobody.
    """
    factor = Tolerance(dtype).u / Tolerance(case.dtype).u
    largest = 0.0
    for step, (values, expected) in enumerate(zip(steps, truth.steps, strict=True), 1):
        for key in values.keys() & expected.keys():
            goal = expected[key]
            value = np.asarray(values[key], dtype=np.float64)
            if goal.at_least is not None or not np.isfinite(value).all():
                continue
            error = distance(goal.exact, value)
            with np.errstate(all="ignore"):
                ratio = np.where(error == 0, 0.0, error / (goal.worst * factor + radius(goal.exact)))
            largest = max(largest, float(np.max(ratio)))
            if not largest <= 1:
                msg = (
                    f"the oracles disagree on case {case.slug!r} ({case.dtype}), update {step}, {key[0]} of layer "
                    f"{key[1]}: {oracle} is {largest:.3g} worst cases away from the exact values"
                )
                raise OracleError(msg)
    return largest
