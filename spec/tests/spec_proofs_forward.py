"""Proofs of E1 to E6 and E18 to E20: forward propagation, the error, the losses, the sigmoid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy
from spec_proof import Formula, Proof, assert_same
from spec_symbolic import UndefinedActivation, derivative, each, symbols, undefined

from backproof_spec import get_clause

X = sympy.Symbol("x", real=True)


def _forward_by_loops(weights: Any, biases: Any, previous: Any) -> Any:
    """Return E1's net inputs, written with indices: z_si = sum_j w_ij a_sj + b_i."""
    n_out, n_in = weights.shape
    rows = []
    for sample in range(len(previous)):
        row = []
        for i in range(n_out):
            total = sympy.Integer(0) if biases is None else biases[i]
            for j in range(n_in):
                total += weights[i, j] * previous[sample, j]
            row.append(total)
        rows.append(row)
    return np.array(rows)


def check_forward_propagation(formula: Formula) -> None:
    """E1 equals its index notation, with and without biases, on a square layer and on one that is not."""
    f = UndefinedActivation("f")
    for n_out, n_in, biases in ((2, 2, symbols("b", 2)), (2, 3, symbols("b", 2)), (3, 2, None)):
        weights, previous = symbols("w", n_out, n_in), symbols("a", 2, n_in)
        expected = _forward_by_loops(weights, biases, previous)
        z, a = formula(weights, biases, previous, f)
        assert_same(z, expected, "z")
        assert_same(a, each(undefined("f", 1), expected), "a")


def _altered_forward(net_input: Callable[..., Any]) -> Formula:
    def formula(weights: Any, biases: Any, previous: Any, activation: Any) -> Any:
        z = net_input(weights, 0 if biases is None else biases, previous)
        return z, activation(z)

    return formula


def check_bias_as_weight(formula: Formula) -> None:
    """E2 equals the activations of E1."""
    f = UndefinedActivation("f")
    for n_out, n_in in ((2, 2), (3, 2)):
        arguments = symbols("w", n_out, n_in), symbols("b", n_out), symbols("a", 2, n_in), f
        assert_same(formula(*arguments), get_clause("E1").function(*arguments)[1], "a")


def _ones_last(weights: Any, biases: Any, previous: Any, activation: Any) -> Any:
    with_ones = np.concatenate([previous, 0 * previous[:, :1] + 1], axis=1)
    return activation(with_ones @ np.concatenate([biases[:, None], weights], axis=1).T)


def check_error_function(formula: Formula) -> None:
    """E3 is the sum of the losses of the samples, times the factor of a declared convention."""
    losses, scale = symbols("J", 3), sympy.Symbol("c")
    assert_same(formula(losses), losses[0] + losses[1] + losses[2], "E")
    assert_same(formula(losses, scale), scale * losses[0] + scale * losses[1] + scale * losses[2], "scaled E")


def _check_loss(term: Callable[[Any, Any], Any]) -> Callable[[Formula], None]:
    """Return the check that a loss is the sum over the outputs of `term`, and that 0 log 0 is 0."""

    def check(formula: Formula) -> None:
        labels, outputs = symbols("y", 2, 3), symbols("o", 2, 3)
        expected = [sum(term(labels[s, i], outputs[s, i]) for i in range(3)) for s in range(2)]
        assert_same(formula(labels, outputs), expected, "J")
        sure = np.array([[sympy.Integer(1), sympy.Integer(0)]])
        assert_same(formula(sure, sure), [0], "J of labels that are met exactly")

    return check


def _log_term(y: Any, o: Any) -> Any:
    return -y * sympy.log(o) - (1 - y) * sympy.log(1 - o)


def _log(x: Any) -> Any:
    return each(sympy.log, x)


def check_sigmoid(formula: Formula) -> None:
    """E18 is the one solution of s' = s (1 - s) with s(0) = 1/2; it is symmetric, and sigma(2x) = (1 + tanh x) / 2."""
    assert_same(formula(sympy.Integer(0)), sympy.Rational(1, 2), "sigma(0)")
    assert_same(formula(-X), 1 - formula(X), "sigma(-x)", rational=True)
    assert_same(sympy.diff(formula(X), X), formula(X) * (1 - formula(X)), "sigma'", rational=True)
    by_tanh = (1 + sympy.tanh(X).rewrite(sympy.exp)) / 2
    assert_same(formula(2 * X), by_tanh, "sigma(2x)", rational=True)


def check_sigmoid_derivative(formula: Formula) -> None:
    """E19 equals the derivative that SymPy takes of E18."""
    assert_same(formula(X), sympy.diff(get_clause("E18").function(X), X), "sigma'", rational=True)


def check_sigmoid_activation_derivative(formula: Formula) -> None:
    """E20 at a = sigma(z) equals the derivative of a by z, for every neuron of a layer."""
    z = symbols("z", 2, 2)
    a = get_clause("E18").function(z)
    expected = [[derivative(a, z)[s, i, s, i] for i in range(2)] for s in range(2)]
    assert_same(formula(a), expected, "da/dz", rational=True)


PROOFS: Mapping[str, Proof] = {
    "E1": Proof(
        check_forward_propagation,
        {
            "weights not transposed": _altered_forward(lambda w, b, a: a @ w + b),
            "bias missing": _altered_forward(lambda w, _, a: a @ w.T),
            "bias subtracted": _altered_forward(lambda w, b, a: a @ w.T - b),
            "bias added once for every edge": _altered_forward(lambda w, b, a: a @ w.T + w.shape[1] * b),
            "activation missing": lambda w, b, a, _: (z := get_clause("E1").function(w, b, a, lambda v: v)[0], z),
            "activation applied twice": lambda w, b, a, f: (
                get_clause("E1").function(w, b, a, f)[0],
                f(get_clause("E1").function(w, b, a, f)[1]),
            ),
        },
    ),
    "E2": Proof(
        check_bias_as_weight,
        {
            "bias missing": lambda w, _, a, f: f(a @ w.T),
            "the one and the bias in different places": _ones_last,
            "activation missing": lambda w, b, a, _: a @ w.T + b,
        },
    ),
    "E3": Proof(
        check_error_function,
        {
            "mean instead of sum": lambda losses, scale=1: scale * losses.sum() / len(losses),
            "last sample only": lambda losses, scale=1: scale * losses[-1],
            "scale ignored": lambda losses, scale=1: losses.sum() + 0 * scale,
        },
    ),
    "E4": Proof(
        _check_loss(lambda y, o: (y - o) ** 2),
        {
            "factor 1/2 added": lambda y, o: ((y - o) * (y - o)).sum(axis=-1) / 2,
            "mean over the outputs": lambda y, o: ((y - o) * (y - o)).sum(axis=-1) / y.shape[-1],
            "square of the sum": lambda y, o: (y - o).sum(axis=-1) * (y - o).sum(axis=-1),
            "not squared": lambda y, o: (y - o).sum(axis=-1),
        },
    ),
    "E5": Proof(
        _check_loss(_log_term),
        {
            "second term missing": lambda y, o: get_clause("E6").function(y, o),
            "sign": lambda y, o: -get_clause("E5").function(y, o),
            "labels and outputs exchanged": lambda y, o: get_clause("E5").function(o, y),
            "mean over the outputs": lambda y, o: get_clause("E5").function(y, o) / y.shape[-1],
            "logarithm to base 2": lambda y, o: get_clause("E5").function(y, o) / sympy.log(2),
            "0 log 0 not 0": lambda y, o: (-y * _log(o) - (1 - y) * _log(1 - o)).sum(axis=-1),
        },
    ),
    "E6": Proof(
        _check_loss(lambda y, o: -y * sympy.log(o)),
        {
            "log loss instead": lambda y, o: get_clause("E5").function(y, o),
            "sign": lambda y, o: -get_clause("E6").function(y, o),
            "mean over the classes": lambda y, o: get_clause("E6").function(y, o) / y.shape[-1],
            "0 log 0 not 0": lambda y, o: -(y * _log(o)).sum(axis=-1),
        },
    ),
    "E18": Proof(
        check_sigmoid,
        {
            "sign of the exponent": lambda x: 1 / (1 + sympy.exp(x)),
            "tanh instead": sympy.tanh,
            "steeper by 2": lambda x: 1 / (1 + sympy.exp(-2 * x)),
            "shifted": lambda x: 1 / (1 + 2 * sympy.exp(-x)),
        },
    ),
    "E19": Proof(
        check_sigmoid_derivative,
        {
            "factor 1 - sigma missing": lambda x: get_clause("E18").function(x),
            "derivative of tanh": lambda x: 1 - get_clause("E18").function(x) ** 2,
            "sign": lambda x: -get_clause("E19").function(x),
            "taken at sigma(x)": lambda x: get_clause("E19").function(get_clause("E18").function(x)),
        },
    ),
    "E20": Proof(
        check_sigmoid_activation_derivative,
        {
            "derivative of tanh": lambda a: 1 - a * a,
            "sigmoid applied twice": lambda a: get_clause("E19").function(a),
            "sign": lambda a: a * (a - 1),
        },
    ),
}
