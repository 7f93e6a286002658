"""E22 to E25: the deltas of the output layer.

Index conventions: o = a^L and y are (batch, k), and so are the deltas. `scale` is the factor that a declared
convention puts before the error (1/2, 1/n, 1/k); the article's is 1.
"""

from __future__ import annotations

from typing import Any

from backproof_spec.activations import Activation
from backproof_spec.losses import LOSSES, Loss
from backproof_spec.registry import clause

SECTION = "Backpropagation / The deltas of the output layer"


class WrongPairError(ValueError):
    """A formula that holds for one pair of output activation and loss was asked for another pair."""


@clause(
    "E22",
    slug="output-delta",
    section=SECTION,
    image="778baeef",
    latex=r"\delta_i^L = \frac{\partial J}{\partial o_i} f'(z_i^L)"
    r" \qquad \bigl(\delta^L = J_f(z^L)^\top \nabla_o J\bigr)",
)
def output_delta(loss_by_output: Any, derivative: Any, scale: Any = 1) -> Any:
    """The delta of an output neuron is the derivative of the loss by the output times f'(z).

    loss_by_output: dJ/do, (batch, k); derivative: f'(z^L), (batch, k), or the Jacobian da_i/dz_j, (batch, k, k), of
    an activation that is not element-wise; returns (batch, k).
    """
    if derivative.ndim == loss_by_output.ndim:
        return scale * (loss_by_output * derivative)
    return scale * (loss_by_output[..., :, None] * derivative).sum(axis=-2)


@clause(
    "E23",
    slug="regression-output-delta",
    section=SECTION,
    image="0094fabb",
    latex=r"\delta_i^L = 2\,(o_i - y_i)",
    via=("E22",),
)
def regression_output_delta(activation: Activation, loss: Loss, labels: Any, outputs: Any, scale: Any = 1) -> Any:
    """With the identity and the squared loss the output delta is 2 (o - y).

    labels, outputs: (batch, k); returns (batch, k). Raises WrongPairError for any other pair.
    """
    _only("E23", "identity", "squared", activation, loss)
    return scale * (2 * (outputs - labels))


@clause(
    "E24",
    slug="binary-output-delta",
    section=SECTION,
    image="b6c2385c",
    latex=r"\delta^L = o - y",
    via=("E22",),
)
def binary_output_delta(activation: Activation, loss: Loss, labels: Any, outputs: Any, scale: Any = 1) -> Any:
    """With the sigmoid and the log loss the output delta is o - y.

    labels, outputs: (batch, k), the labels between 0 and 1; returns (batch, k). Raises WrongPairError for any
    other pair.
    """
    _only("E24", "sigmoid", "log", activation, loss)
    return scale * (outputs - labels)


@clause(
    "E25",
    slug="multiclass-output-delta",
    section=SECTION,
    image="2444f227",
    latex=r"\delta_i^L = o_i - y_i",
    via=("E22",),
)
def multiclass_output_delta(activation: Activation, loss: Loss, labels: Any, outputs: Any, scale: Any = 1) -> Any:
    """With softmax and the cross-entropy loss the output delta is o - y, if the labels sum to 1.

    labels, outputs: (batch, k), each row of the labels sums to 1; returns (batch, k). Raises WrongPairError for any
    other pair.
    """
    _only("E25", "softmax", "cross_entropy", activation, loss)
    return scale * (outputs - labels)


SPECIAL_FORMS = {
    ("identity", "squared"): regression_output_delta,
    ("sigmoid", "log"): binary_output_delta,
    ("softmax", "cross_entropy"): multiclass_output_delta,
}


def output_deltas(
    activation: Activation,
    loss: Loss,
    labels: Any,
    net_inputs: Any,
    outputs: Any,
    scale: Any = 1,
    at_kink: Any = None,
) -> Any:
    """Return the output deltas by the special form of the pair (E23 to E25) where there is one, else by E22."""
    special = SPECIAL_FORMS.get((activation.name, loss.name))
    if special is not None and loss == LOSSES[loss.name]:
        return special(activation, loss, labels, outputs, scale)
    return output_delta(loss.derivative(labels, outputs), activation.derivative(net_inputs, at_kink), scale)


def _only(clause_id: str, activation_name: str, loss_name: str, activation: Activation, loss: Loss) -> None:
    if activation.name != activation_name or loss != LOSSES[loss_name]:
        msg = (
            f"{clause_id} holds for {activation_name} with the {loss_name} loss only; "
            f"{activation.name} with the {loss.name} loss came: use E22 `output-delta`"
        )
        raise WrongPairError(msg)
