"""E7 to E11: the gradient of the error by one weight.

Index conventions: delta_i^l = dE/dz_i^l; deltas are (batch, n_out), previous activations (batch, n_in), gradients by
the weights (n_out, n_in). The clauses from E7 to E10 take the partial derivatives they speak of as arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof_spec.registry import clause

SECTION = "Backpropagation / The gradient of the error"
SECTION_DELTA = "Backpropagation / The delta terms"


@clause(
    "E7",
    slug="error-gradient",
    section=SECTION,
    image="9e4c8524",
    latex=r"\frac{\partial E}{\partial w_{ij}^l} = \sum_{s=1}^{n} \frac{\partial J(y_s, o_s)}{\partial w_{ij}^l}",
    via=("E11",),
)
def error_gradient(sample_gradients: Any) -> Any:
    """The gradient of the error is the sum of the gradients of the samples.

    sample_gradients: (n, n_out, n_in), dJ/dw of each sample; returns (n_out, n_in).
    """
    return sample_gradients.sum(axis=0)


@clause(
    "E8",
    slug="single-sample-gradient",
    section=SECTION,
    image="4c05fc19",
    latex=r"\frac{\partial E}{\partial w_{ij}^l} = \frac{\partial J(y, o)}{\partial w_{ij}^l}",
    via=("E11",),
)
def single_sample_gradient(sample_gradients: Any) -> Any:
    """With one training sample the gradient of the error is the gradient of that sample's loss.

    sample_gradients: (1, n_out, n_in); returns (n_out, n_in). Raises ValueError for more samples than one.
    """
    if sample_gradients.shape[0] != 1:
        msg = f"E8 `single-sample-gradient` holds for one sample; {sample_gradients.shape[0]} came: use E7"
        raise ValueError(msg)
    return sample_gradients[0]


@clause(
    "E9",
    slug="weight-chain-rule",
    section=SECTION_DELTA,
    image="5b2ebf30",
    latex=r"\frac{\partial E}{\partial w_{ij}^l} = \frac{\partial E}{\partial z_i^l}"
    r" \frac{\partial z_i^l}{\partial w_{ij}^l}",
    via=("E11",),
)
def weight_chain_rule(error_by_net_input: Any, net_input_by_weight: Any) -> Any:
    """The error depends on a weight only through the net input of the neuron that the weight leads to.

    error_by_net_input: dE/dz_i, (n_out,); net_input_by_weight: dz_i/dw_ij, (n_in,), the same for every i;
    returns dE/dw_ij, (n_out, n_in).
    """
    return error_by_net_input[:, None] * net_input_by_weight[None, :]


@clause(
    "E10",
    slug="net-input-by-weight",
    section=SECTION_DELTA,
    image="6e8e99ac",
    latex=r"\frac{\partial z_i^l}{\partial w_{ij}^l} = a_j^{l-1}",
    via=("E11",),
)
def net_input_by_weight(previous: Any) -> Any:
    """The derivative of a net input by a weight is the activation at the weight's other end.

    previous: (n_in,), the activations of layer l-1; returns (n_in,).
    """
    return previous


@clause(
    "E11",
    slug="weight-gradient",
    section=SECTION_DELTA,
    image="68874ddc",
    latex=r"\frac{\partial E}{\partial w_{ij}^l} = \delta_i^l a_j^{l-1}, \qquad"
    r" \frac{\partial E}{\partial b_i^l} = \delta_i^l",
)
def weight_gradient(deltas: Any, previous: Any, mask: Any = None) -> tuple[Any, Any]:
    """The gradient by a weight is the delta of its neuron times the activation at its other end, summed over samples.

    deltas: (batch, n_out); previous: (batch, n_in); mask: bool (n_out, n_in) or None, edges that do not exist have
    the gradient 0; returns dE/dw (n_out, n_in) and dE/db (n_out,).

    >>> import numpy as np
    >>> by_weight, by_bias = weight_gradient(np.array([[-0.25]]), np.array([[0.5, 0.75]]))
    >>> by_weight.tolist(), by_bias.tolist()
    ([[-0.125, -0.1875]], [-0.25])
    """
    gradient = deltas.T @ previous
    return (gradient if mask is None else np.where(mask, gradient, 0 * gradient)), deltas.sum(axis=0)
