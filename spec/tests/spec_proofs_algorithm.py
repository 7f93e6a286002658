"""Proof of A1: the complete algorithm against the derivative that SymPy takes of the whole composed error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import sympy
from spec_proof import Formula, Proof, assert_same
from spec_proofs_output import labels_that_sum_to_one, pair_deltas
from spec_symbolic import Composed, UndefinedActivation, composed, each, symbols

from backproof_spec import LOSSES, Layer, Network, Step, activation, get_clause

ALPHA, SCALE = sympy.Symbol("alpha"), sympy.Symbol("c")


def check_backpropagation(formula: Formula) -> None:
    """A1: w_new == w - alpha dE/dw for every weight and bias, and each value on the way is what its name says."""
    for sizes, batch, options in (
        ((2, 2, 2), 2, {}),
        ((1, 2, 1), 1, {}),
        ((3, 2, 2), 2, {"masked": True}),
        ((2, 2, 2), 2, {"biases": False}),
        ((2, 2, 2), 2, {"coupled": True}),
        ((2, 2, 2, 2), 1, {}),
        ((1, 1), 2, {}),
    ):
        setting = composed(sizes, batch, **options)
        step = formula(setting.network, setting.x, setting.y, setting.loss, ALPHA)
        _assert_step(step, setting, 1)
    setting = composed((1, 2, 1), 1)
    _assert_step(formula(setting.network, setting.x, setting.y, setting.loss, ALPHA, SCALE), setting, SCALE)
    for pair in (("identity", "squared"), ("sigmoid", "log"), ("softmax", "cross_entropy")):
        _check_pair(formula, *pair)


def _assert_step(step: Step, setting: Composed, scale: Any) -> None:
    assert_same(step.loss, scale * setting.error, "E")
    for index, layer in enumerate(setting.network):
        where = f" of layer {index + 1}"
        assert_same(step.net_inputs[index], setting.net_inputs[index], "z" + where)
        assert_same(step.activations[index], setting.activations[index], "a" + where)
        assert_same(step.deltas[index], scale * setting.deltas[index], "delta" + where)
        new = step.network[index]
        by_weights = scale * setting.by_weights[index]
        assert_same(step.weight_gradients[index], by_weights, "dE/dw" + where)
        assert_same(new.weights, layer.weights - ALPHA * by_weights, "new weights" + where)
        assert new.activation == layer.activation, "activation changed" + where
        assert new.mask is layer.mask, "mask changed" + where
        if layer.biases is None:
            assert new.biases is None, "bias invented" + where
            assert step.bias_gradients[index] is None, "gradient of a bias that does not exist" + where
        else:
            assert_same(step.bias_gradients[index], scale * setting.by_biases[index], "dE/db" + where)
            assert_same(new.biases, layer.biases - scale * ALPHA * setting.by_biases[index], "new biases" + where)


def _check_pair(formula: Formula, output: str, loss: str) -> None:
    """A1 with a pair that has a special form (E23 to E25): deltas and updates of a hidden and an output layer.

    The output deltas are compared with the derivative of the pair's error, the rest with E9 and E12 through f.
    """
    f, k = UndefinedActivation("f"), 2
    network = (
        Layer(symbols("w0", 2, 1), symbols("b0", 2), f),
        Layer(symbols("w1", k, 2), symbols("b1", k), activation(output)),
    )
    x, y = symbols("x", 1, 1), labels_that_sum_to_one(1, k)
    step = formula(network, x, y, LOSSES[loss], ALPHA)
    z = network[0].weights @ x[0] + network[0].biases
    outputs, expected = pair_deltas(output, loss, y)
    top = dict(zip(symbols("z", 1, k).ravel(), (network[1].weights @ f(z) + network[1].biases).ravel(), strict=True))
    delta = step.deltas[1][0]
    assert_same(step.activations[1], _at(outputs, top), "o", rational=True)
    assert_same(step.deltas[1], _at(expected, top), "output delta", rational=True)
    below = [f.derivative(z)[i] * sum(delta[j] * network[1].weights[j, i] for j in range(k)) for i in range(2)]
    assert_same(step.deltas[0][0], below, "hidden delta")
    for layer, new, d, a in zip(network, step.network, (below, delta), (x[0], f(z)), strict=True):
        expected_weights = [[w - ALPHA * d[i] * a[j] for j, w in enumerate(row)] for i, row in enumerate(layer.weights)]
        assert_same(new.weights, expected_weights, "new weights")
        assert_same(new.biases, [b - ALPHA * d[i] for i, b in enumerate(layer.biases)], "new biases")


def _at(array: Any, values: Mapping[Any, Any]) -> Any:
    return each(lambda entry: entry.xreplace(values), array)


def _with(clause_function: str, altered: Callable[..., Any]) -> Formula:
    """Return A1 with one of the clauses that it is composed of replaced."""

    def formula(*arguments: Any) -> Step:
        with patch(f"backproof_spec.algorithm.{clause_function}", altered):
            return get_clause("A1").function(*arguments)

    return formula


def _through_updated_weights(network: Network, x: Any, y: Any, loss: Any, alpha: Any, scale: Any = 1) -> Step:
    """Return A1 with each layer updated before the delta of the layer below is taken."""
    right = get_clause("A1").function(network, x, y, loss, alpha, scale)
    new, deltas = list(network), [right.deltas[-1]]
    gradients: list[Any] = [None] * len(network)
    for index in reversed(range(len(network))):
        layer, previous = network[index], right.activations[index - 1] if index else x
        gradients[index] = get_clause("E11").function(deltas[0], previous, layer.mask)
        weights, biases = get_clause("E28").function(
            layer.weights, layer.biases, deltas[0], previous, alpha, layer.mask
        )
        new[index] = replace(layer, weights=weights, biases=biases)
        if index:
            own = network[index - 1].activation.derivative(right.net_inputs[index - 1])
            deltas.insert(0, get_clause("E17").function(own, new[index].weights, deltas[0]))
    return replace(
        right,
        deltas=tuple(deltas),
        weight_gradients=tuple(by_weight for by_weight, _ in gradients),
        bias_gradients=tuple(
            None if layer.biases is None else by_bias for layer, (_, by_bias) in zip(network, gradients, strict=True)
        ),
        network=tuple(new),
    )


@dataclass(frozen=True)
class _DerivativeAtActivation:
    """An activation whose derivative is taken at a where z is meant."""

    right: Any
    elementwise = True

    @property
    def name(self) -> str:
        return self.right.name

    def __call__(self, z: Any) -> Any:
        return self.right(z)

    def derivative(self, z: Any, at_kink: Any = None) -> Any:
        return self.right.derivative(self.right(z), at_kink)


def _derivative_at_activation(network: Network, *arguments: Any) -> Step:
    wrong = tuple(replace(layer, activation=_DerivativeAtActivation(layer.activation)) for layer in network)
    step = get_clause("A1").function(wrong, *arguments)
    unwrapped = [replace(new, activation=old.activation) for new, old in zip(step.network, network, strict=True)]
    return replace(step, network=tuple(unwrapped))


def _first_layer_frozen(network: Network, *arguments: Any) -> Step:
    step = get_clause("A1").function(network, *arguments)
    return replace(step, network=(network[0], *step.network[1:]))


def _biases_frozen(network: Network, *arguments: Any) -> Step:
    step = get_clause("A1").function(network, *arguments)
    kept = [replace(new, biases=old.biases) for new, old in zip(step.network, network, strict=True)]
    return replace(step, network=tuple(kept))


def _always_difference(_f: Any, _j: Any, y: Any, _z: Any, o: Any, scale: Any = 1, _at_kink: Any = None) -> Any:
    return scale * (o - y)


def _first_bias(deltas: Any, previous: Any, mask: Any = None) -> tuple[Any, Any]:
    return get_clause("E11").function(deltas, previous, mask)[0], deltas[0]


def _maskless(deltas: Any, previous: Any, _mask: Any = None) -> tuple[Any, Any]:
    return get_clause("E11").function(deltas, previous)


def _loss_of_fresh_outputs(network: Network, x: Any, y: Any, loss: Any, alpha: Any, scale: Any = 1) -> Step:
    step = get_clause("A1").function(network, x, y, loss, alpha, scale)
    return replace(step, loss=get_clause("A1").function(step.network, x, y, loss, alpha, scale).loss)


PROOFS: Mapping[str, Proof] = {
    "A1": Proof(
        check_backpropagation,
        {
            "deltas through updated weights": _through_updated_weights,
            "derivative missing": _with("delta_rule", lambda f, w, d: 0 * f + d @ w),
            "derivative at a instead of z": _derivative_at_activation,
            "weights not transposed": _with(
                "delta_rule", lambda f, w, d: f * (d @ (w.T if w.shape[0] == w.shape[1] else w))
            ),
            "special form for every pair": _with("output_deltas", _always_difference),
            "bias not summed over the samples": _with("weight_gradient", _first_bias),
            "mask ignored": _with("weight_gradient", _maskless),
            "ascent instead of descent": _with("gradient_descent", lambda w, g, alpha: w + alpha * g),
            "learning rate missing": _with("gradient_descent", lambda w, g, _: w - g),
            "first layer not updated": _first_layer_frozen,
            "biases not updated": _biases_frozen,
            "loss after the update": _loss_of_fresh_outputs,
            "scale ignored": lambda *arguments: get_clause("A1").function(*arguments[:5]),
        },
    ),
}
