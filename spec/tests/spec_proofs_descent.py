"""Proofs of E26 to E28 and M1 to M3: gradient descent and its modes.

M1 to M3 are proved on exact rationals: networks of identities with the squared loss need nothing but + - *.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from spec_proof import Formula, Proof, assert_same
from spec_symbolic import composed, derivative, symbols

from backproof_spec import LOSSES, Layer, Network, Step, activation, get_clause

ALPHA = sympy.Symbol("alpha", positive=True)


def check_gradient_descent(formula: Formula) -> None:
    """E26 minimises g (v - w) + |v - w|^2 / (2 alpha), the error's linear model with a price on the step's length."""
    w, g, v = (symbols(name, 2, 2) for name in "wgv")
    model = (g * (v - w)).sum() + ((v - w) * (v - w)).sum() / (2 * ALPHA)
    new = formula(w, g, ALPHA)
    assert new.shape == w.shape, f"shape {new.shape}, expected {w.shape}"
    there = dict(zip(v.ravel(), new.ravel(), strict=True))
    assert_same([slope.subs(there) for slope in derivative(model, v).ravel()], [0] * 4, "slope of the model")


def check_weight_gradient_recalled(formula: Formula) -> None:
    """E27 equals SymPy's derivative of the composed error of one sample by every weight, and E11."""
    for sizes in ((2, 2, 2), (3, 2, 2)):
        setting = composed(sizes, 1)
        for index, expected in enumerate(setting.by_weights):
            got = formula(setting.deltas[index][0], setting.previous(index)[0])
            assert_same(got, expected, "dE/dw")
            by_weight, _ = get_clause("E11").function(setting.deltas[index], setting.previous(index))
            assert_same(got, by_weight, "dE/dw by E11")


def check_update_rule(formula: Formula) -> None:
    """E28 equals w - alpha dE/dw with SymPy's derivatives: two samples, with a mask, without biases."""
    for masked, biases in ((False, True), (True, True), (False, False)):
        setting = composed((2, 2, 2), 2, masked=masked, biases=biases)
        for index, layer in enumerate(setting.network):
            arguments = layer.weights, layer.biases, setting.deltas[index], setting.previous(index), ALPHA, layer.mask
            new_weights, new_biases = formula(*arguments)
            assert_same(new_weights, layer.weights - ALPHA * setting.by_weights[index], "w")
            if biases:
                assert_same(new_biases, layer.biases - ALPHA * setting.by_biases[index], "b")
            else:
                assert new_biases is None, "a bias that does not exist was given a value"


def _update(weights: Any, biases: Any, by_weight: Any, by_bias: Any, alpha: Any) -> tuple[Any, Any]:
    return weights - alpha * by_weight, None if biases is None else biases - alpha * by_bias


def _altered_update(gradient: Callable[[Any, Any, Any], tuple[Any, Any]]) -> Formula:
    return lambda w, b, d, a, alpha, mask=None: _update(w, b, *gradient(d, a, mask), alpha)


def _rational(numerators: Sequence[Any], denominator: int) -> Any:
    return np.array([[Fraction(n, denominator) for n in row] for row in numerators])


NETWORK: Network = (
    Layer(_rational([[3, -2], [1, 5]], 7), _rational([[1, -4]], 5)[0], activation("identity")),
    Layer(_rational([[2, -3]], 5), None, activation("identity")),
)
INPUTS = _rational([[1, 2], [-3, 1], [2, -1], [0, 3], [1, -2]], 3)
LABELS = _rational([[1], [-2], [0], [3], [-1]], 2)
RATE = Fraction(1, 8)
ORDER = (3, 0, 4, 1, 2)


def _a1(network: Network, rows: Sequence[int], scale: Any = 1) -> Step:
    return get_clause("A1").function(network, INPUTS[list(rows)], LABELS[list(rows)], LOSSES["squared"], RATE, scale)


def _by_hand(batches: Sequence[Sequence[int]], scale: Callable[[int], Any]) -> list[Step]:
    """Return one A1 for each batch, each on the network that the one before left."""
    steps = [_a1(NETWORK, batches[0], scale(len(batches[0])))]
    for batch in batches[1:]:
        steps.append(_a1(steps[-1].network, batch, scale(len(batch))))
    return steps


def assert_same_steps(got: Sequence[Step], expected: Sequence[Step]) -> None:
    """Assert that two descents are equal: as many steps, exactly the same losses and parameters after each."""
    assert len(got) == len(expected), f"{len(got)} updates, expected {len(expected)}"
    for number, (left, right) in enumerate(zip(got, expected, strict=True), start=1):
        assert left.loss == right.loss, f"update {number}: loss {left.loss}, expected {right.loss}"
        for mine, other in zip(left.network, right.network, strict=True):
            assert (mine.weights == other.weights).all(), f"update {number}: weights differ"
            assert np.all(mine.biases == other.biases), f"update {number}: biases differ"


def _one(_: int) -> int:
    return 1


def _mean(batch: int) -> Fraction:
    return Fraction(1, batch)


def _run(formula: Formula, *arguments: Any) -> list[Step]:
    return list(formula(NETWORK, INPUTS, LABELS, LOSSES["squared"], RATE, *arguments))


def check_batch_gradient_descent(formula: Formula) -> None:
    """M1 is one A1 of all samples an epoch, and equals M3 with a batch of all samples."""
    m3, n = get_clause("M3").function, len(INPUTS)
    for scale in (_one, _mean):
        assert_same_steps(_run(formula, 2, scale), _by_hand([range(n), range(n)], scale))
        assert_same_steps(_run(formula, 2, scale), _run(m3, (*range(n), *range(n)), n, scale))
    assert_same_steps(_run(formula), _by_hand([range(n)], _one))


def check_stochastic_gradient_descent(formula: Formula) -> None:
    """M2 is one A1 a sample in the order given, and equals M3 with a batch of one."""
    for order in (ORDER, (2, 2, 0)):
        assert_same_steps(_run(formula, order), _by_hand([(s,) for s in order], _one))
        assert_same_steps(_run(formula, order), _run(get_clause("M3").function, order, 1))


def check_mini_batch_gradient_descent(formula: Formula) -> None:
    """M3 is one A1 a mini-batch; the last may be smaller, and a mean counts the samples that it really has."""
    for scale in (_one, _mean):
        assert_same_steps(_run(formula, ORDER, 2, scale), _by_hand([(3, 0), (4, 1), (2,)], scale))
        assert_same_steps(_run(formula, ORDER, 5, scale), _by_hand([ORDER], scale))
        assert_same_steps(_run(formula, ORDER, 1, scale), _by_hand([(s,) for s in ORDER], scale))
        assert_same_steps(_run(formula, ORDER, 9, scale), _by_hand([ORDER], scale))


def _m(mode: str, *arguments: Any) -> Any:
    return get_clause(mode).function(*arguments)


def _never_carried_on(*arguments: Any) -> list[Step]:
    *same, order, size = arguments[:7]
    return [next(_m("M3", *same, order[start : start + size], size)) for start in range(0, len(order), size)]


def _only_full_batches(*arguments: Any) -> Any:
    *same, order, size = arguments[:7]
    return _m("M3", *same, order[: len(order) // size * size], size, *arguments[7:])


def _filled_up(*arguments: Any) -> Any:
    *same, order, size = arguments[:7]
    return _m("M3", *same, (*order, *order[: -len(order) % size]), size, *arguments[7:])


PROOFS: Mapping[str, Proof] = {
    "E26": Proof(
        check_gradient_descent,
        {
            "sign": lambda w, g, alpha: w + alpha * g,
            "learning rate missing": lambda w, g, _: w - g,
            "weights decayed": lambda w, g, alpha: w - alpha * (g + w),
            "gradient replaces the weights": lambda _, g, alpha: -alpha * g,
        },
    ),
    "E27": Proof(
        check_weight_gradient_recalled,
        {
            "transposed": lambda d, a: a[:, None] * d[None, :],
            "activation missing": lambda d, a: d[:, None] + 0 * a[None, :],
            "sign": lambda d, a: -d[:, None] * a[None, :],
        },
    ),
    "E28": Proof(
        check_update_rule,
        {
            "sign": lambda w, b, d, a, alpha, mask=None: _m("E28", w, b, d, a, -alpha, mask),
            "learning rate missing": lambda w, b, d, a, _, mask=None: _m("E28", w, b, d, a, 1, mask),
            "bias not summed over the samples": _altered_update(lambda d, a, m: (_m("E11", d, a, m)[0], d[0])),
            "bias not updated": _altered_update(lambda d, a, m: (_m("E11", d, a, m)[0], 0 * d[0])),
            "mask ignored": _altered_update(lambda d, a, _: _m("E11", d, a)),
            "bias invented": lambda w, b, d, a, alpha, mask=None: _m(
                "E28", w, 0 * w[:, 0] if b is None else b, d, a, alpha, mask
            ),
        },
    ),
    "M1": Proof(
        check_batch_gradient_descent,
        {
            "update after every sample": lambda *args: _m("M2", *args[:5], range(len(args[1]))),
            "one epoch only": lambda *args: _m("M1", *args[:5], 1, *args[6:]),
            "mean instead of sum": lambda *args: _m("M1", *args[:5], *(args[5:6] or (1,)), _mean),
            "last sample left out": lambda net, x, y, *args: _m("M1", net, x[:-1], y[:-1], *args),
        },
    ),
    "M2": Proof(
        check_stochastic_gradient_descent,
        {
            "whole set at once": lambda *args: _m("M1", *args[:5]),
            "order ignored": lambda *args: _m("M2", *args[:5], sorted(args[5])),
            "each from the first network": lambda *args: _never_carried_on(*args, 1),
            "two samples an update": lambda *args: _m("M3", *args, 2),
        },
    ),
    "M3": Proof(
        check_mini_batch_gradient_descent,
        {
            "last partial batch dropped": _only_full_batches,
            "last partial batch filled up": _filled_up,
            "order ignored": lambda *args: _m("M3", *args[:5], sorted(args[5]), *args[6:]),
            "each from the first network": _never_carried_on,
            "mean over the declared batch size": lambda *args: _m(
                "M3", *args[:7], (lambda _: args[7](args[6])) if len(args) > 7 else _one
            ),
            "batch size ignored": lambda *args: _m("M2", *args[:6], *args[7:]),
        },
    ),
}
