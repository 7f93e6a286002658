"""E12 to E17: the delta rule, step by step as the article derives it.

Index conventions: i runs over the n_l neurons of layer l, j over the n_(l+1) neurons of layer l+1 that i leads to.
Partial derivatives of a neuron j by a neuron i stand in matrices (n_(l+1), n_l). A batch of samples stands in rows;
E12 to E16 speak of one sample, E17 of any batch.
"""

from __future__ import annotations

from typing import Any

from backproof_spec.registry import clause

SECTION = "Backpropagation / The delta rule"


@clause(
    "E12",
    slug="delta-chain-rule",
    section=SECTION,
    image="421c4f1e",
    latex=r"\delta_i^l = \sum_j \frac{\partial E}{\partial z_j^{l+1}} \frac{\partial z_j^{l+1}}{\partial z_i^l}",
    via=("E17",),
)
def delta_chain_rule(error_by_next: Any, next_by_net_input: Any) -> Any:
    """The error depends on a net input only through the net inputs of the next layer.

    error_by_next: dE/dz_j^(l+1), (n_(l+1),); next_by_net_input: dz_j^(l+1)/dz_i^l, (n_(l+1), n_l); returns (n_l,).
    """
    return error_by_next @ next_by_net_input


@clause(
    "E13",
    slug="delta-chain-rule-split",
    section=SECTION,
    image="ebf1c7d0",
    latex=r"\delta_i^l = \sum_j \frac{\partial E}{\partial z_j^{l+1}} \left("
    r"\frac{\partial z_j^{l+1}}{\partial a_i^l} \frac{\partial a_i^l}{\partial z_i^l}\right)",
    via=("E17",),
)
def delta_chain_rule_split(error_by_next: Any, next_by_activation: Any, activation_by_net_input: Any) -> Any:
    """A net input acts on the next layer only through the neuron's activation.

    error_by_next: (n_(l+1),); next_by_activation: dz_j^(l+1)/da_i^l, (n_(l+1), n_l); activation_by_net_input:
    da_i^l/dz_i^l, (n_l,); returns (n_l,).
    """
    return error_by_next @ (next_by_activation * activation_by_net_input[None, :])


@clause(
    "E14",
    slug="delta-by-next-deltas",
    section=SECTION,
    image="22b181fe",
    latex=r"\delta_i^l = \sum_j \delta_j^{l+1} \frac{\partial z_j^{l+1}}{\partial a_i^l}"
    r" \frac{\partial a_i^l}{\partial z_i^l}",
    via=("E17",),
)
def delta_by_next_deltas(next_deltas: Any, next_by_activation: Any, activation_by_net_input: Any) -> Any:
    """The error by the net inputs of the next layer are that layer's deltas.

    next_deltas: (n_(l+1),); next_by_activation: (n_(l+1), n_l); activation_by_net_input: (n_l,); returns (n_l,).
    """
    return delta_chain_rule_split(next_deltas, next_by_activation, activation_by_net_input)


@clause(
    "E15",
    slug="net-input-by-activation",
    section=SECTION,
    image="81f8b1fe",
    latex=r"\frac{\partial z_j^{l+1}}{\partial a_i^l} = w_{ji}^{l+1}",
    via=("E17",),
)
def net_input_by_activation(next_weights: Any) -> Any:
    """The derivative of a next net input by an activation is the weight between the two.

    next_weights: w_ji^(l+1), (n_(l+1), n_l); returns the same.
    """
    return next_weights


@clause(
    "E16",
    slug="delta-by-weights",
    section=SECTION,
    image="d4d3213d",
    latex=r"\delta_i^l = \Bigl(\sum_j \delta_j^{l+1} w_{ji}^{l+1}\Bigr) \frac{\partial a_i^l}{\partial z_i^l}",
    via=("E17",),
)
def delta_by_weights(next_deltas: Any, next_weights: Any, activation_by_net_input: Any) -> Any:
    """The delta is the weighted sum of the next deltas times the derivative of the activation by the net input.

    next_deltas: (n_(l+1),) or (batch, n_(l+1)); next_weights: (n_(l+1), n_l); activation_by_net_input: (n_l,) or
    (batch, n_l); returns the shape of the last.
    """
    return (next_deltas @ net_input_by_activation(next_weights)) * activation_by_net_input


@clause(
    "E17",
    slug="delta-rule",
    section=SECTION,
    image="07713282",
    latex=r"\delta_i^l = f'(z_i^l) \sum_j w_{ji}^{l+1} \delta_j^{l+1}",
)
def delta_rule(derivative: Any, next_weights: Any, next_deltas: Any) -> Any:
    """The delta is f'(z) times the sum of the next layer's deltas, weighted by the weights that lead to them.

    derivative: f'(z^l), (batch, n_l); next_weights: w^(l+1) before the update, (n_(l+1), n_l); next_deltas:
    (batch, n_(l+1)); returns (batch, n_l).

    >>> import numpy as np
    >>> delta_rule(np.array([[0.25, 1.0]]), np.array([[0.5, -2.0]]), np.array([[0.125]])).tolist()
    [[0.015625, -0.25]]
    """
    return derivative * (next_deltas @ next_weights)
