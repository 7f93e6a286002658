"""E26 to E28: gradient descent.

Index conventions: weights and their gradients are (n_out, n_in), biases and theirs (n_out,), deltas (batch, n_out),
previous activations (batch, n_in); learning_rate is alpha, 0 < alpha < 1 in the article, any positive number here.
"""

from __future__ import annotations

from typing import Any

from backproof_spec.gradient import weight_gradient
from backproof_spec.registry import clause

SECTION = "Gradient descent"


@clause(
    "E26",
    slug="gradient-descent",
    section=SECTION,
    image="4136bc6f",
    latex=r"w \leftarrow w - \alpha \frac{\partial E}{\partial w}",
)
def gradient_descent(parameters: Any, gradient: Any, learning_rate: Any) -> Any:
    """Every weight takes a small step against the gradient of the error.

    parameters, gradient: the same shape, weights or biases; returns that shape.

    >>> gradient_descent(0.5, -0.25, 0.5)
    0.625
    """
    return parameters - learning_rate * gradient


@clause(
    "E27",
    slug="weight-gradient-recalled",
    section=SECTION,
    image="0bfefb24",
    latex=r"\frac{\partial E}{\partial w_{ij}^l} = \delta_i^l a_j^{l-1}",
    via=("E11",),
)
def weight_gradient_recalled(delta: Any, previous: Any) -> Any:
    """The gradient by a weight is delta times activation, recalled from E11 for one sample.

    delta: (n_out,); previous: (n_in,); returns (n_out, n_in).
    """
    return delta[:, None] * previous[None, :]


@clause(
    "E28",
    slug="update-rule",
    section=SECTION,
    image="cc43d67d",
    latex=r"w_{ij}^l \leftarrow w_{ij}^l - \alpha\, \delta_i^l a_j^{l-1}, \qquad"
    r" b_i^l \leftarrow b_i^l - \alpha\, \delta_i^l",
    via=("E11", "E26"),
)
def update_rule(
    weights: Any, biases: Any, deltas: Any, previous: Any, learning_rate: Any, mask: Any = None
) -> tuple[Any, Any]:
    """Every weight loses alpha times delta times activation, and every bias alpha times delta.

    weights: (n_out, n_in); biases: (n_out,) or None; deltas: (batch, n_out); previous: (batch, n_in); mask: as in
    E11; returns the new weights and biases.
    """
    by_weight, by_bias = weight_gradient(deltas, previous, mask)
    new_weights = gradient_descent(weights, by_weight, learning_rate)
    return new_weights, None if biases is None else gradient_descent(biases, by_bias, learning_rate)
