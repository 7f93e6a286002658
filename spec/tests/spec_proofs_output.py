"""Proofs of E22 to E25: the deltas of the output layer, in general and for the three pairs of the article."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy
from spec_proof import Formula, Proof, assert_same
from spec_symbolic import composed, derivative, symbols

from backproof_spec import LOSSES, activation, get_clause

SCALE = sympy.Symbol("c")


def check_output_delta(formula: Formula) -> None:
    """E22 equals the derivative of the composed error by z^L: element-wise f or coupled g_i, one or two samples."""
    for sizes in ((2, 2, 2), (1, 2, 1), (3, 2, 2), (2, 1)):
        for batch in (1, 2):
            for coupled in (False, True):
                setting = composed(sizes, batch, coupled=coupled)
                arguments = (
                    setting.loss.derivative(setting.y, setting.activations[-1]),
                    setting.network[-1].activation.derivative(setting.net_inputs[-1]),
                )
                assert_same(formula(*arguments), setting.deltas[-1], "delta")
                assert_same(formula(*arguments, SCALE), SCALE * setting.deltas[-1], "scaled delta")


def pair_deltas(output: str, loss: str, labels: Any) -> tuple[Any, Any]:
    """Return o and the derivative of the pair's composed error by the output layer's net inputs, both (batch, k)."""
    z = symbols("z", *labels.shape)
    outputs = activation(output)(z)
    error = get_clause("E3").function(LOSSES[loss](labels, outputs))
    return outputs, derivative(error, z)


def labels_that_sum_to_one(batch: int, k: int) -> Any:
    """Return symbolic labels of which the last is 1 minus the others."""
    labels = symbols("y", batch, k)
    labels[:, -1] = sympy.Integer(1) - labels[:, :-1].sum(axis=1)
    return labels


def _check_pair(output: str, loss: str, labels: Callable[[int, int], Any]) -> Callable[[Formula], None]:
    """Return the check that a special form equals the derivative of its pair's error, and E22 of the pair."""

    def check(formula: Formula) -> None:
        f, j = activation(output), LOSSES[loss]
        for batch, k in ((1, 1), (1, 2), (2, 2), (1, 3)):
            y = labels(batch, k)
            outputs, expected = pair_deltas(output, loss, y)
            assert_same(formula(f, j, y, outputs), expected, "delta", rational=True)
            assert_same(formula(f, j, y, outputs, SCALE), SCALE * expected, "scaled delta", rational=True)
            general = get_clause("E22").function(j.derivative(y, outputs), f.derivative(symbols("z", batch, k)))
            assert_same(formula(f, j, y, outputs), general, "delta by E22", rational=True)

    return check


def _any_labels(batch: int, k: int) -> Any:
    return symbols("y", batch, k)


def _altered(delta: Callable[[Any, Any], Any]) -> Formula:
    """Return a special form with the arguments of the clauses and another delta(y, o)."""

    def formula(_activation: Any, _loss: Any, labels: Any, outputs: Any, scale: Any = 1) -> Any:
        return scale * delta(labels, outputs)

    return formula


def _scale_ignored(clause_id: str) -> Formula:
    return lambda f, j, y, o, _=1: get_clause(clause_id).function(f, j, y, o)


def _by_jacobian(rule: Callable[[Any, Any], Any]) -> Formula:
    """Return E22 with another rule for an activation that is not element-wise."""

    def formula(by_output: Any, own: Any, scale: Any = 1) -> Any:
        return scale * (by_output * own if own.ndim == by_output.ndim else rule(by_output, own))

    return formula


def _diagonal(by_output: Any, jacobian: Any) -> Any:
    return by_output * np.diagonal(jacobian, axis1=1, axis2=2)


PROOFS: Mapping[str, Proof] = {
    "E22": Proof(
        check_output_delta,
        {
            "derivative missing": lambda g, own, scale=1: scale * (g + 0 * (own if own.ndim == g.ndim else g)),
            "Jacobian not transposed": _by_jacobian(lambda g, jacobian: (jacobian @ g[..., None])[..., 0]),
            "diagonal of the Jacobian only": _by_jacobian(_diagonal),
            "sign": lambda g, own, scale=1: -get_clause("E22").function(g, own, scale),
            "scale ignored": lambda g, own, _=1: get_clause("E22").function(g, own),
            "derivative squared": lambda g, own, scale=1: get_clause("E22").function(g, own * own, scale),
        },
    ),
    "E23": Proof(
        _check_pair("identity", "squared", _any_labels),
        {
            "factor 2 missing": _altered(lambda y, o: o - y),
            "sign": _altered(lambda y, o: 2 * (y - o)),
            "derivative of the sigmoid kept": _altered(lambda y, o: 2 * (o - y) * o * (1 - o)),
            "divided by the number of outputs": _altered(lambda y, o: 2 * (o - y) / y.shape[1]),
            "scale ignored": _scale_ignored("E23"),
        },
    ),
    "E24": Proof(
        _check_pair("sigmoid", "log", _any_labels),
        {
            "derivative of the sigmoid kept": _altered(lambda y, o: (o - y) * o * (1 - o)),
            "factor 2 added": _altered(lambda y, o: 2 * (o - y)),
            "sign": _altered(lambda y, o: y - o),
            "scale ignored": _scale_ignored("E24"),
        },
    ),
    "E25": Proof(
        _check_pair("softmax", "cross_entropy", labels_that_sum_to_one),
        {
            "derivative of the sigmoid kept": _altered(lambda y, o: (o - y) * o * (1 - o)),
            "loss derivative alone": _altered(lambda y, o: -y / o),
            "diagonal of the Jacobian only": _altered(lambda y, o: -y * (1 - o)),
            "sign": _altered(lambda y, o: y - o),
            "divided by the number of classes": _altered(lambda y, o: (o - y) / y.shape[1]),
            "scale ignored": _scale_ignored("E25"),
        },
    ),
}
