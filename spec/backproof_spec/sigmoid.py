"""E18 to E21: the sigmoid function, its derivative, and the delta rule written with it.

Index conventions: layer l has n_l neurons; a batch of samples stands in rows, so z, a and delta are (batch, n_l);
weights^(l+1) is (n_(l+1), n_l).
"""

from __future__ import annotations

from typing import Any

from backproof_spec.elementary import exp
from backproof_spec.registry import clause

SECTION = "Backpropagation / The delta rule"


@clause(
    "E18",
    slug="sigmoid",
    section=SECTION,
    image="8b893ba6",
    latex=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
)
def sigmoid(x: Any) -> Any:
    """The sigmoid of the net input is 1 / (1 + e^-x).

    x: any shape; returns the same shape.

    >>> import numpy as np
    >>> round(float(sigmoid(np.float64(0.8))), 10)
    0.6899744811
    """
    return 1 / (1 + exp(-x))


@clause(
    "E19",
    slug="sigmoid-derivative",
    section=SECTION,
    image="a5d3aa3f",
    latex=r"\sigma'(x) = \sigma(x)\,(1 - \sigma(x))",
    via=("E17",),
)
def sigmoid_derivative(x: Any) -> Any:
    """The derivative of the sigmoid is sigma(x) (1 - sigma(x)).

    x: any shape; returns the same shape.
    """
    return sigmoid(x) * (1 - sigmoid(x))


@clause(
    "E20",
    slug="sigmoid-activation-derivative",
    section=SECTION,
    image="aead0691",
    latex=r"\frac{\partial a_i^l}{\partial z_i^l} = a_i^l\,(1 - a_i^l)",
    via=("E17",),
)
def sigmoid_activation_derivative(activations: Any) -> Any:
    """The derivative of a sigmoid neuron's activation by its net input is a (1 - a).

    activations: (batch, n_l); returns the same shape.
    """
    return activations * (1 - activations)


@clause(
    "E21",
    slug="sigmoid-delta-rule",
    section=SECTION,
    image="cdfe6a79",
    latex=r"\delta_i^l = a_i^l (1 - a_i^l) \sum_j w_{ji}^{l+1} \delta_j^{l+1}",
    via=("E17",),
)
def sigmoid_delta_rule(activations: Any, next_weights: Any, next_deltas: Any) -> Any:
    """The delta of a sigmoid neuron is a (1 - a) times the weighted sum of the next layer's deltas.

    activations: (batch, n_l); next_weights: (n_(l+1), n_l); next_deltas: (batch, n_(l+1)); returns (batch, n_l).
    """
    return sigmoid_activation_derivative(activations) * (next_deltas @ next_weights)
