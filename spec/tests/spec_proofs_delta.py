"""Proofs of E12 to E17 and E21: the delta rule, each step against SymPy's derivative of the composed error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import sympy
from spec_proof import Formula, Proof, assert_same
from spec_symbolic import Composed, UndefinedLoss, composed, derivative, each, symbols

from backproof_spec import Layer, activation, get_clause

SMALL = ((2, 2, 2), (1, 2, 1), (3, 2, 2), (2, 2, 2, 2))


def _hidden(batch: int = 1) -> Iterator[tuple[Composed, int]]:
    """Yield every hidden layer of the small networks."""
    for sizes in SMALL:
        if batch == 1 or len(sizes) == 3:  # the deep network is slow with several samples and proves nothing more
            setting = composed(sizes, batch)
            for index in range(len(sizes) - 2):
                yield setting, index


def _following(setting: Composed, index: int, previous: Any) -> Any:
    """Return the net inputs of the next layer, for these activations of the layer `index`."""
    layer = setting.network[index + 1]
    return get_clause("E1").function(layer.weights, layer.biases, previous, layer.activation)[0]


def _partial_derivatives(setting: Composed, index: int) -> tuple[Any, Any, Any]:
    """Return dz^(l+1)/dz^l, dz^(l+1)/da^l and da^l/dz^l of one sample, each differentiated by SymPy."""
    z, a = (symbols(name, *setting.net_inputs[index].shape) for name in "za")
    f = setting.network[index].activation
    values = dict(zip(z.ravel(), setting.net_inputs[index].ravel(), strict=True))

    def at_values(array: Any) -> Any:
        return each(lambda entry: entry.xreplace(values), array)

    by_net_input = derivative(_following(setting, index, f(z))[0], z[0])
    by_activation = derivative(_following(setting, index, a)[0], a[0])
    own = derivative(f(z)[0], z[0])
    assert_same(own, np.diag(np.diag(own)), "da_i/dz_k of an element-wise activation")
    return at_values(by_net_input), by_activation, at_values(np.diag(own))


def check_delta_chain_rule(formula: Formula) -> None:
    """E12: dE/dz^l is dE/dz^(l+1) times the Jacobian dz^(l+1)/dz^l."""
    for setting, index in _hidden():
        by_net_input, _, _ = _partial_derivatives(setting, index)
        assert_same(formula(setting.deltas[index + 1][0], by_net_input), setting.deltas[index][0], "delta")


def check_delta_chain_rule_split(formula: Formula) -> None:
    """E13 and E14: the Jacobian splits into dz^(l+1)/da^l and da^l/dz^l, and dE/dz^(l+1) is the next delta."""
    for setting, index in _hidden():
        _, by_activation, own = _partial_derivatives(setting, index)
        assert_same(formula(setting.deltas[index + 1][0], by_activation, own), setting.deltas[index][0], "delta")


def check_net_input_by_activation(formula: Formula) -> None:
    """E15: dz_j^(l+1)/da_i^l is w_ji^(l+1)."""
    for setting, index in _hidden():
        _, by_activation, _ = _partial_derivatives(setting, index)
        assert_same(formula(setting.network[index + 1].weights), by_activation, "dz/da")


def check_delta_by_weights(formula: Formula) -> None:
    """E16: the weighted sum of the next deltas times da/dz is the derivative of the composed error."""
    for setting, index in _hidden():
        _, _, own = _partial_derivatives(setting, index)
        weights = setting.network[index + 1].weights
        assert_same(formula(setting.deltas[index + 1][0], weights, own), setting.deltas[index][0], "delta")
    for setting, index in _hidden(2):
        derivatives = setting.network[index].activation.derivative(setting.net_inputs[index])
        weights = setting.network[index + 1].weights
        assert_same(formula(setting.deltas[index + 1], weights, derivatives), setting.deltas[index], "delta")


def check_delta_rule(formula: Formula) -> None:
    """E17 equals the derivative of the composed error by the net inputs, for one and for two samples."""
    for batch in (1, 2):
        for setting, index in _hidden(batch):
            derivatives = setting.network[index].activation.derivative(setting.net_inputs[index])
            got = formula(derivatives, setting.network[index + 1].weights, setting.deltas[index + 1])
            assert_same(got, setting.deltas[index], "delta")


def check_sigmoid_delta_rule(formula: Formula) -> None:
    """E21 equals the derivative of the composed error by the net inputs of a hidden layer of sigmoids."""
    for n_in, n_hidden, n_out in ((2, 2, 2), (1, 2, 1)):
        hidden = Layer(symbols("w0", n_hidden, n_in), symbols("b0", n_hidden), activation("sigmoid"))
        last = Layer(symbols("w1", n_out, n_hidden), symbols("b1", n_out), composed((1, 1)).network[0].activation)
        setting = Composed((hidden, last), symbols("x", 2, n_in), symbols("y", 2, n_out), UndefinedLoss())
        got = formula(setting.activations[0], last.weights, setting.deltas[1])
        assert_same(_by_activation(got, setting), _by_activation(setting.deltas[0], setting), "delta", rational=True)


def _by_activation(array: Any, setting: Composed) -> Any:
    """Write every e^-z of the hidden layer as a symbol q: a rational function in q is quickly compared."""
    names = symbols("q", *setting.net_inputs[0].shape)
    powers = {sympy.exp(-z): q for z, q in zip(setting.net_inputs[0].ravel(), names.ravel(), strict=True)}
    return each(lambda entry: entry.xreplace(powers), array)


MISTAKES: Mapping[str, Formula] = {
    "derivative missing": lambda f, w, d: 0 * f + d @ w,
    "weights not transposed": lambda f, w, d: f * (d @ (w.T if w.shape[0] == w.shape[1] else w)),
    "derivative squared": lambda f, w, d: f * f * (d @ w),
    "sign": lambda f, w, d: -f * (d @ w),
    "weights missing": lambda f, w, d: f * (d @ (0 * w + 1)),
    "derivative added": lambda f, w, d: f + d @ w,
    "first next neuron only": lambda f, w, d: f * (d[..., :1] @ w[:1]),
}


def _reordered(reorder: Callable[[Formula], Formula]) -> dict[str, Formula]:
    return {name: reorder(mistake) for name, mistake in MISTAKES.items()}


PROOFS: Mapping[str, Proof] = {
    "E12": Proof(
        check_delta_chain_rule,
        {
            "Jacobian transposed": lambda d, jacobian: (jacobian if len(d) == len(jacobian.T) else jacobian.T) @ d,
            "sum over j missing": lambda d, jacobian: d[0] * jacobian[0],
            "sign": lambda d, jacobian: -d @ jacobian,
        },
    ),
    "E13": Proof(
        check_delta_chain_rule_split,
        {
            "last factor missing": lambda d, by_a, own: d @ by_a + 0 * own,
            "middle factor missing": lambda d, by_a, own: d @ (0 * by_a + own[None, :]),
            "factors added": lambda d, by_a, own: d @ (by_a + own[None, :]),
            "sum over j missing": lambda d, by_a, own: d[0] * by_a[0] * own,
        },
    ),
    "E14": Proof(
        check_delta_chain_rule_split,
        {
            "last factor missing": lambda d, by_a, own: d @ by_a + 0 * own,
            "next deltas missing": lambda d, by_a, own: (0 * d + 1) @ (by_a * own[None, :]),
            "next deltas averaged": lambda d, by_a, own: d @ (by_a * own[None, :]) / len(d),
        },
    ),
    "E15": Proof(
        check_net_input_by_activation,
        {
            "transposed": lambda w: w.T,
            "one instead of the weight": lambda w: 0 * w + 1,
            "sign": lambda w: -w,
        },
    ),
    "E16": Proof(check_delta_by_weights, _reordered(lambda mistake: lambda d, w, own: mistake(own, w, d))),
    "E17": Proof(check_delta_rule, MISTAKES),
    "E21": Proof(
        check_sigmoid_delta_rule,
        {
            **_reordered(lambda mistake: lambda a, w, d: mistake(a * (1 - a), w, d)),
            "factor 1 - a missing": lambda a, w, d: a * (d @ w),
            "sigmoid applied twice": lambda a, w, d: get_clause("E19").function(a) * (d @ w),
            "derivative of tanh": lambda a, w, d: (1 - a * a) * (d @ w),
        },
    ),
}
