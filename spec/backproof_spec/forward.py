"""E1 and E2: forward propagation.

Index conventions: w_ij^l goes from neuron j of layer l-1 to neuron i of layer l, so weights are (n_out, n_in);
a batch of samples stands in rows: z and a are (batch, n_l). Layer 0 is the input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_spec.activations import Activation
from backproof_spec.registry import clause

SECTION = "Forward propagation"


@clause(
    "E1",
    slug="forward-propagation",
    section=SECTION,
    image="2e047a8a",
    latex=r"z_i^l = \sum_j w_{ij}^l a_j^{l-1} + b_i^l, \qquad a_i^l = f(z_i^l)",
)
def forward_propagation(weights: Any, biases: Any, previous: Any, activation: Activation) -> tuple[Any, Any]:
    """The net input is the weighted sum of the previous activations plus the bias, the activation is f of it.

    weights: (n_out, n_in); biases: (n_out,) or None; previous: (batch, n_in), the activations of layer l-1;
    returns z and a, both (batch, n_out).
    """
    z = net_input(weights, biases, previous)
    return z, activation(z)


def net_input(weights: Any, biases: Any, previous: Any) -> Any:
    """Return z = sum_j w_ij a_j + b_i, the first half of E1; (batch, n_out)."""
    z = previous @ weights.T
    return z if biases is None else z + biases


@clause(
    "E2",
    slug="bias-as-weight",
    section=SECTION,
    image="8d660784",
    latex=r"a_i^l = f\Bigl(\sum_{j \ge 0} w_{ij}^l a_j^{l-1}\Bigr), \quad w_{i0}^l = b_i^l,\; a_0^{l-1} = 1",
    via=("E1",),
)
def bias_as_weight(weights: Any, biases: Any, previous: Any, activation: Activation) -> Any:
    """The bias is the weight w_i0 of an input neuron whose value is always 1.

    weights: (n_out, n_in); biases: (n_out,); previous: (batch, n_in); returns a, (batch, n_out).
    """
    with_ones = np.concatenate([0 * previous[:, :1] + 1, previous], axis=1)
    with_biases = np.concatenate([biases[:, None], weights], axis=1)
    return activation(with_ones @ with_biases.T)
