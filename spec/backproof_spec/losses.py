"""E3 to E6: the error of a network, and the losses. Each loss is one entry of `LOSSES`.

Index conventions: y and o are (batch, k); a loss gives one number a sample, (batch,).
0 log 0 := 0 in the losses and 0 / 0 := 0 in their derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof_spec.elementary import xdivy, xlogy
from backproof_spec.registry import clause

SECTION = "Backpropagation / The error and the loss functions"


@clause(
    "E3",
    slug="error-function",
    section=SECTION,
    image="508f0287",
    latex=r"E(\mathbf{w}) = \sum_{i=1}^{n} J(y_i, o_i)",
)
def error_function(losses: Any, scale: Any = 1) -> Any:
    """The error is the sum of the losses of the samples.

    losses: (batch,), J of each sample; scale: the factor of a declared convention (1/2, 1/n, 1/k), the article's is 1.
    """
    return scale * losses.sum()


@clause(
    "E4",
    slug="squared-loss",
    section=SECTION,
    image="0e4f8824",
    latex=r"J(y, o) = (y - o)^2",
)
def squared_loss(labels: Any, outputs: Any) -> Any:
    """The squared loss of a sample is (y - o)^2, summed over the outputs.

    labels, outputs: (batch, k); returns (batch,).
    """
    return ((labels - outputs) * (labels - outputs)).sum(axis=-1)


@clause(
    "E5",
    slug="log-loss",
    section=SECTION,
    image="6aeb6075",
    latex=r"J(y, o) = -y \log o - (1 - y) \log(1 - o)",
)
def log_loss(labels: Any, outputs: Any) -> Any:
    """The log loss of a sample is -y log o - (1 - y) log(1 - o), summed over the outputs.

    labels, outputs: (batch, k), between 0 and 1; returns (batch,).
    """
    return (-xlogy(labels, outputs) - xlogy(1 - labels, 1 - outputs)).sum(axis=-1)


@clause(
    "E6",
    slug="cross-entropy-loss",
    section=SECTION,
    image="16427742",
    latex=r"J(y, o) = -\sum_{i=1}^{k} y_i \log o_i",
)
def cross_entropy_loss(labels: Any, outputs: Any) -> Any:
    """The cross-entropy loss of a sample is minus the sum over the classes of y_i log o_i.

    labels, outputs: (batch, k), each row of the labels sums to 1; returns (batch,).
    """
    return -xlogy(labels, outputs).sum(axis=-1)


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss J with dJ/do and d2J/do2, the output activation it belongs to (None: any), and its clause."""

    name: str
    clause: str
    function: Callable[[Any, Any], Any]
    derivative: Callable[[Any, Any], Any]
    second_derivative: Callable[[Any, Any], Any]
    output_activation: str | None = None

    def __call__(self, labels: Any, outputs: Any) -> Any:
        """Return J(y, o) of each sample, (batch,)."""
        return self.function(labels, outputs)


def _same(labels: Any, outputs: Any) -> Any:
    return np.broadcast_arrays(labels, outputs)[0] * 0


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "squared": Loss(
            name="squared",
            clause="E4",
            function=squared_loss,
            derivative=lambda y, o: 2 * (o - y),
            second_derivative=lambda y, o: _same(y, o) + 2,
        ),
        "log": Loss(
            name="log",
            clause="E5",
            function=log_loss,
            derivative=lambda y, o: xdivy(1 - y, 1 - o) - xdivy(y, o),
            second_derivative=lambda y, o: xdivy(1 - y, (1 - o) * (1 - o)) + xdivy(y, o * o),
            output_activation="sigmoid",
        ),
        "cross_entropy": Loss(
            name="cross_entropy",
            clause="E6",
            function=cross_entropy_loss,
            derivative=lambda y, o: -xdivy(y, o),
            second_derivative=lambda y, o: xdivy(y, o * o),
            output_activation="softmax",
        ),
    },
)
