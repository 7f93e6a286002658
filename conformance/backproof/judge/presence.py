"""First of all: is what was shown an array of the right shape, dtype, and finite? Only then is it judged further."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.judge.findings import Finding, Judged, Status
from backproof.observation import QUANTITIES, Record

CLAUSE_OF = {
    "net_inputs": "E1",
    "activations": "E1",
    "deltas": "E17",
    "weight_gradients": "E11",
    "bias_gradients": "E11",
    "weights": "E26",
    "biases": "E26",
}


@dataclass(frozen=True, slots=True)
class Usable:
    """The values of one record that can be judged, as float64, and the findings on those that cannot."""

    values: dict[tuple[str, int], Array]
    findings: tuple[Finding, ...]


def clause_of(case: Case, quantity: str, layer: int) -> str:
    """Return the observed clause that a quantity of a layer is judged by."""
    if quantity == "loss":
        return case.loss_rule.clause
    if quantity == "deltas" and layer == case.depth:
        return "E22"
    if quantity == "activations" and case.layers[layer - 1].activation.name == "sigmoid":
        return "E18"
    return CLAUSE_OF[quantity]


def usable_values(case: Case, step: int, record: Record) -> Usable:
    """Return the values of a record that have the right shape and dtype and are finite, in the order of the flow.

    step: the number of the update, from 1. Missing biases may be shown as zeros; they are judged to be exactly that.
    """
    values: dict[tuple[str, int], Array] = {}
    findings = []
    order = sorted(record.values, key=lambda key: (QUANTITIES.index(key[0]), key[1]))
    for quantity, layer in order:
        shown = record.values[quantity, layer]
        absent = quantity in ("biases", "bias_gradients") and case.layers[layer - 1].biases is None
        problem = _problem(case, step, quantity, layer, shown, absent=absent)
        if problem:
            index, message = problem
            findings.append(
                Finding(
                    clause=case.mode
                    if _other_rows(case, step, quantity, layer, shown)
                    else clause_of(case, quantity, layer),
                    quantity=quantity,
                    case=case.slug,
                    dtype=case.dtype,
                    step=step,
                    layer=layer,
                    judged=Judged.PRESENCE,
                    status=Status.DEVIATES,
                    index=index,
                    got=float(shown[index]) if shown.ndim == len(index) else None,
                    ratio=float("inf"),
                    message=message,
                )
            )
        elif not absent:
            values[quantity, layer] = shown.astype(np.float64)
    return Usable(values, tuple(findings))


def _expected_shape(case: Case, step: int, quantity: str, layer: int) -> tuple[int, ...]:
    if quantity == "loss":
        return ()
    if quantity in ("weights", "weight_gradients"):
        return tuple(case.layers[layer - 1].weights.shape)
    width = case.widths[layer]
    return (width,) if quantity in ("biases", "bias_gradients") else (len(case.batches[step - 1]), width)


def _problem(
    case: Case, step: int, quantity: str, layer: int, shown: Array, *, absent: bool
) -> tuple[tuple[int, ...], str] | None:
    shape = _expected_shape(case, step, quantity, layer)
    if shown.shape != shape:
        came, wanted = _turned(case, quantity, shown.shape), _turned(case, quantity, shape)
        convention = "weight_layout" if quantity in ("weights", "weight_gradients") else "batch_axis"
        matrix = len(shape) == 2  # noqa: PLR2004 - rows and columns
        hint = ": transpose it" + (f", or declare {convention}" if wanted == shape else "")
        return (), f"shape {came} instead of {wanted}{hint if matrix and came == wanted[::-1] else ''}"
    if not _right_dtype(case, quantity, shown):
        return (), f"dtype {shown.dtype} instead of {case.dtype}: cast it to the dtype of case.x"
    wrong = ~np.isfinite(shown)
    if wrong.any():
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), shown.shape)) if shape else ()
        return index, f"{shown[index]} is not a finite number"
    if absent and quantity == "biases" and (shown != 0).any():
        index = tuple(int(i) for i in np.argwhere(shown)[0])
        return index, "the layer has no biases: expected None, or exact zeros"
    return None


def _other_rows(case: Case, step: int, quantity: str, layer: int, shown: Array) -> bool:
    """Return whether only the number of rows is wrong: the update was made with another batch than the case's."""
    expected = _expected_shape(case, step, quantity, layer)
    by_sample = quantity in ("net_inputs", "activations", "deltas") and shown.ndim == len(expected)
    return by_sample and shown.shape[0] != expected[0] and shown.shape[1:] == expected[1:]


def _right_dtype(case: Case, quantity: str, shown: Array) -> bool:
    """Return whether the dtype is the case's; a loss may also be float64, Python's only float."""
    return shown.dtype == np.dtype(case.dtype) or (quantity == "loss" and shown.dtype == np.float64)


def _turned(case: Case, quantity: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape as the subject sees it, in its own weight layout and batch axis."""
    by_sample = quantity in ("net_inputs", "activations", "deltas")
    weights = quantity in ("weights", "weight_gradients")
    turned = (by_sample and case.conventions.batch_axis == 1) or (
        weights and case.conventions.weight_layout == "in_out"
    )
    return shape[::-1] if turned else shape
