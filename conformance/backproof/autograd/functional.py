"""The forward pass and the losses in torch, in the forms that lose no accuracy, with every net input kept.

Index conventions as in the spec: weights (n_out, n_in), z and a (batch, n_l).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from backproof.case import Case

Layers = Sequence[tuple[Tensor, Tensor | None]]


def _gelu(z: Tensor, approximate: str) -> Tensor:
    if approximate == "none":
        return z * torch.erfc(-z / math.sqrt(2)) / 2
    return z * torch.sigmoid(2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))


ACTIVATIONS: Mapping[str, Callable[..., Tensor]] = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z, slope: torch.nn.functional.leaky_relu(z, negative_slope=slope),
    "elu": torch.nn.functional.elu,
    # torch's own softplus drops to the identity above a threshold of 20, an error of 2e-9 there.
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
    "gelu": _gelu,
    "softmax": lambda z: torch.softmax(z, dim=-1),
}


@dataclass(frozen=True, slots=True)
class Forward:
    """Net inputs and activations of layers 1..L, and the error E of the batch."""

    net_inputs: list[Tensor]
    activations: list[Tensor]
    error: Tensor


def tensors(case: Case, device: str, dtype: torch.dtype) -> tuple[list[tuple[Tensor, Tensor | None]], Tensor, Tensor]:
    """Return the case's parameters (requiring gradients), x and y as tensors."""

    def leaf(values: Any) -> Tensor:
        return torch.tensor(values, dtype=dtype, device=device, requires_grad=True)

    layers = [(leaf(la.weights), None if la.biases is None else leaf(la.biases)) for la in case.layers]
    x, y = (torch.tensor(values, dtype=dtype, device=device) for values in (case.x, case.y))
    return layers, x, y


def accurate_loss(loss: str, z: Tensor, o: Tensor, y: Tensor) -> Tensor:
    """Return the sum of the losses of a batch; log loss and cross-entropy from the net inputs, without cancellation."""
    if loss == "log":
        log_sigmoid = torch.nn.functional.logsigmoid
        return -(y * log_sigmoid(z) + (1 - y) * log_sigmoid(-z)).sum()
    if loss == "cross_entropy":
        return -(y * torch.log_softmax(z, dim=-1)).sum()
    return ((o - y) ** 2).sum()


def users_loss(loss: str, z: Tensor, o: Tensor, y: Tensor) -> Tensor:
    """Return the same as torch's users write it."""
    if loss == "log":
        return torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum")
    if loss == "cross_entropy":
        return torch.nn.functional.cross_entropy(z, y, reduction="sum")
    return torch.nn.functional.mse_loss(o, y, reduction="sum")


@dataclass(frozen=True, slots=True)
class Style:
    """Which of torch's functions to write a network with."""

    activations: Mapping[str, Callable[..., Tensor]]
    loss: Callable[[str, Tensor, Tensor, Tensor], Tensor]


ACCURATE = Style(ACTIVATIONS, accurate_loss)
AS_USERS_WRITE_IT = Style(
    {
        **ACTIVATIONS,
        "softplus": torch.nn.functional.softplus,
        "gelu": lambda z, approximate: torch.nn.functional.gelu(z, approximate=approximate),
    },
    users_loss,
)


def forward(case: Case, layers: Layers, x: Tensor, y: Tensor, style: Style) -> Forward:
    """Return the forward pass of one batch under the case's conventions, every tensor on the graph."""
    net_inputs, outputs = [], []
    previous = x
    for (weights, biases), layer in zip(layers, case.layers, strict=True):
        z = torch.nn.functional.linear(previous, weights, biases)
        previous = style.activations[layer.activation.name](z, **dict(layer.activation.parameters))
        net_inputs.append(z)
        outputs.append(previous)
    scale = float(case.conventions.error_scale(case.loss, case.widths[-1], len(x)))
    return Forward(net_inputs, outputs, style.loss(case.loss, net_inputs[-1], previous, y) * scale)


def masks(case: Case, device: str) -> list[Tensor | None]:
    """Return the connection masks as tensors."""
    return [None if la.mask is None else torch.tensor(la.mask, device=device) for la in case.layers]
