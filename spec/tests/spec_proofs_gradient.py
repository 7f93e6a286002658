"""Proofs of E7 to E11: the gradient of the error by one weight, against SymPy's derivative of the composed error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from spec_proof import Formula, Proof, assert_same
from spec_symbolic import Composed, composed, derivative

from backproof_spec import get_clause

SMALL = ((2, 2, 2), (1, 2, 1), (3, 2, 2))


def _sample_gradients(setting: Composed, index: int) -> Any:
    """Return dJ/dw of each sample by itself; (n, n_out, n_in)."""
    return np.array([derivative(loss, setting.network[index].weights) for loss in setting.losses])


def check_error_gradient(formula: Formula) -> None:
    """E7: differentiating the sum over the samples gives the sum of the samples' gradients, in every layer."""
    for sizes in SMALL:
        setting = composed(sizes, 2)
        for index, expected in enumerate(setting.by_weights):
            assert_same(formula(_sample_gradients(setting, index)), expected, f"dE/dw^{index + 1}")


def check_single_sample_gradient(formula: Formula) -> None:
    """E8: with one sample dE/dw is dJ/dw, in every layer; with two it is not, and the clause refuses."""
    for sizes in SMALL:
        setting = composed(sizes, 1)
        for index, expected in enumerate(setting.by_weights):
            assert_same(formula(_sample_gradients(setting, index)), expected, f"dE/dw^{index + 1}")
    refused = False
    try:
        formula(_sample_gradients(composed((1, 2, 1), 2), 0))
    except ValueError:
        refused = True
    assert refused, "two samples were not refused"


def check_weight_chain_rule(formula: Formula) -> None:
    """E9: dE/dz_i times dz_i/dw_ij is SymPy's derivative of the whole error by w_ij."""
    for sizes in SMALL:
        setting = composed(sizes, 1)
        for index, layer in enumerate(setting.network):
            by_row = derivative(setting.net_inputs[index][0, 0], layer.weights[0])
            got = formula(setting.deltas[index][0], by_row)
            assert_same(got, setting.by_weights[index], f"dE/dw^{index + 1}")


def check_net_input_by_weight(formula: Formula) -> None:
    """E10: dz_i/dw_ij is a_j for every i and j of every layer, and dz_i/dw_kj is 0 for any other neuron k."""
    for sizes in SMALL:
        setting = composed(sizes, 1)
        for index, layer in enumerate(setting.network):
            got = formula(setting.previous(index)[0])
            jacobian = derivative(setting.net_inputs[index][0], layer.weights)
            n_out, n_in = layer.weights.shape
            for i in range(n_out):
                for k in range(n_out):
                    expected = got if i == k else np.zeros(n_in, dtype=int)
                    assert_same(jacobian[i, k], expected, f"dz_{i}/dw_{k}")


def check_weight_gradient(formula: Formula) -> None:
    """E11 equals SymPy's derivative of the whole error by every weight and bias that exists, one or two samples."""
    for sizes, batch, masked in (((2, 2, 2), 2, False), ((1, 2, 1), 1, False), ((3, 2, 2), 2, True)):
        setting = composed(sizes, batch, masked=masked)
        for index, layer in enumerate(setting.network):
            by_weight, by_bias = formula(setting.deltas[index], setting.previous(index), layer.mask)
            assert_same(by_weight, setting.by_weights[index], f"dE/dw^{index + 1}")
            assert_same(by_bias, setting.by_biases[index], f"dE/db^{index + 1}")


def _gradient(deltas: Any, previous: Any, mask: Any = None) -> tuple[Any, Any]:
    by_weight, by_bias = get_clause("E11").function(deltas, previous, mask)
    return by_weight, by_bias


def _first_sample_bias(deltas: Any, previous: Any, mask: Any = None) -> tuple[Any, Any]:
    return _gradient(deltas, previous, mask)[0], deltas[0]


def _mean(deltas: Any, previous: Any, mask: Any = None) -> tuple[Any, Any]:
    by_weight, by_bias = _gradient(deltas, previous, mask)
    return by_weight / len(deltas), by_bias / len(deltas)


def _sums_first(deltas: Any, previous: Any, mask: Any = None) -> tuple[Any, Any]:
    return _gradient(deltas.sum(axis=0)[None, :], previous.sum(axis=0)[None, :], mask)


def _transposed(deltas: Any, previous: Any, mask: Any = None) -> tuple[Any, Any]:
    by_weight, by_bias = _gradient(deltas, previous)
    return np.where(True if mask is None else mask, by_weight.T, 0), by_bias


PROOFS: Mapping[str, Proof] = {
    "E7": Proof(
        check_error_gradient,
        {
            "mean instead of sum": lambda g: g.sum(axis=0) / len(g),
            "last sample only": lambda g: g[-1],
            "sign": lambda g: -g.sum(axis=0),
        },
    ),
    "E8": Proof(
        check_single_sample_gradient,
        {
            "more samples than one accepted": lambda g: g[0],
            "factor 1/2 added": lambda g: get_clause("E8").function(g) / 2,
            "sign": lambda g: -get_clause("E8").function(g),
        },
    ),
    "E9": Proof(
        check_weight_chain_rule,
        {
            "second factor missing": lambda d, a: d[:, None] + 0 * a[None, :],
            "transposed": lambda d, a: d[None, :] * a[:, None],
            "sum instead of product": lambda d, a: d[:, None] + a[None, :],
            "sign": lambda d, a: -d[:, None] * a[None, :],
        },
    ),
    "E10": Proof(
        check_net_input_by_weight,
        {
            "one instead of the activation": lambda a: 0 * a + 1,
            "activations in reverse order": lambda a: a[::-1],
            "activations summed": lambda a: 0 * a + a.sum(),
        },
    ),
    "E11": Proof(
        check_weight_gradient,
        {
            "bias not summed over the samples": _first_sample_bias,
            "mean instead of sum": _mean,
            "summed over the samples before the product": _sums_first,
            "transposed": _transposed,
            "mask ignored": lambda d, a, _=None: _gradient(d, a),
            "sign": lambda d, a, mask=None: tuple(-g for g in _gradient(d, a, mask)),
            "bias forgotten": lambda d, a, mask=None: (_gradient(d, a, mask)[0], 0 * d.sum(axis=0)),
        },
    ),
}
