"""A1 and M1 to M3: the complete algorithm and the three modes of descent, composed of the clauses and nothing else.

Index conventions: x is (n, n_0), y is (n, k); lists over the layers 1..L hold arrays (batch, n_l).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from backproof_spec.delta import delta_rule
from backproof_spec.descent import gradient_descent
from backproof_spec.forward import forward_propagation
from backproof_spec.gradient import weight_gradient
from backproof_spec.losses import Loss, error_function
from backproof_spec.network import Network, Step
from backproof_spec.output_delta import output_deltas
from backproof_spec.registry import clause

SECTION = "Backpropagation: the complete algorithm"
SECTION_MODES = "Gradient descent / The modes"

Scale = Callable[[int], Any]


def _article_scale(_: int) -> int:
    return 1


@clause(
    "A1",
    slug="backpropagation-algorithm",
    section=SECTION,
    image="3204b2cb",
    latex=r"z^l, a^l \;(l = 1..L) \;\to\; \delta^L \;\to\; \delta^l \;(l = L-1..1) \;\to\;"
    r" w^l, b^l \;(l = 1..L)",
)
def backpropagation(
    network: Network, x: Any, y: Any, loss: Loss, learning_rate: Any, scale: Any = 1, at_kink: Any = None
) -> Step:
    """One iteration is a forward pass, the output deltas, the deltas layer by layer down to layer 1, then all updates.

    network: the layers; x: (batch, n_0); y: (batch, k); scale: the factor of a declared convention before E;
    at_kink: f'(0) of kinked activations; returns the Step with every value and the network after the update.
    Raises ValueError for a hidden activation that is not element-wise: E17 does not hold for it.
    """
    for number, layer in enumerate(network[:-1], 1):
        if not layer.activation.elementwise:
            msg = f"layer {number}: {layer.activation} is not element-wise, and E17 holds for element-wise f only"
            raise ValueError(msg)
    net_inputs, activations = [], []
    previous = x
    for layer in network:
        z, previous = forward_propagation(layer.weights, layer.biases, previous, layer.activation)
        net_inputs.append(z)
        activations.append(previous)
    error = error_function(loss(y, previous), scale)

    deltas = [output_deltas(network[-1].activation, loss, y, net_inputs[-1], previous, scale, at_kink)]
    for layer, following, z in zip(network[-2::-1], network[:0:-1], net_inputs[-2::-1], strict=True):
        deltas.insert(0, delta_rule(layer.activation.derivative(z, at_kink), following.weights, deltas[0]))

    gradients = [
        weight_gradient(delta, below, layer.mask)
        for delta, below, layer in zip(deltas, [x, *activations[:-1]], network, strict=True)
    ]
    updated = tuple(
        replace(
            layer,
            weights=gradient_descent(layer.weights, by_weight, learning_rate),
            biases=None if layer.biases is None else gradient_descent(layer.biases, by_bias, learning_rate),
        )
        for layer, (by_weight, by_bias) in zip(network, gradients, strict=True)
    )
    return Step(
        net_inputs=tuple(net_inputs),
        activations=tuple(activations),
        loss=error,
        deltas=tuple(deltas),
        weight_gradients=tuple(by_weight for by_weight, _ in gradients),
        bias_gradients=tuple(
            None if layer.biases is None else by_bias for layer, (_, by_bias) in zip(network, gradients, strict=True)
        ),
        network=updated,
    )


def descend(
    network: Network,
    x: Any,
    y: Any,
    loss: Loss,
    learning_rate: Any,
    batches: Sequence[Sequence[int]],
    scale: Scale = _article_scale,
    at_kink: Any = None,
) -> Iterator[Step]:
    """Yield one Step of A1 for each batch of sample indices, each from the network that the one before left."""
    for batch in batches:
        rows = list(batch)
        step = backpropagation(network, x[rows], y[rows], loss, learning_rate, scale(len(rows)), at_kink)
        network = step.network
        yield step


@clause(
    "M1",
    slug="batch-gradient-descent",
    section=SECTION_MODES,
    latex=r"w \leftarrow w - \alpha \sum_{s=1}^{n} \frac{\partial J(y_s, o_s)}{\partial w}",
)
def batch_gradient_descent(
    network: Network,
    x: Any,
    y: Any,
    loss: Loss,
    learning_rate: Any,
    epochs: int = 1,
    scale: Scale = _article_scale,
    at_kink: Any = None,
) -> Iterator[Step]:
    """Batch gradient descent makes one update after the error of the whole training set.

    x: (n, n_0); y: (n, k); yields one Step an epoch.
    """
    yield from descend(network, x, y, loss, learning_rate, [range(len(x))] * epochs, scale, at_kink)


@clause(
    "M2",
    slug="stochastic-gradient-descent",
    section=SECTION_MODES,
    latex=r"w \leftarrow w - \alpha \frac{\partial J(y_s, o_s)}{\partial w}, \qquad s = s_1, s_2, \dots",
)
def stochastic_gradient_descent(
    network: Network,
    x: Any,
    y: Any,
    loss: Loss,
    learning_rate: Any,
    order: Sequence[int],
    scale: Scale = _article_scale,
    at_kink: Any = None,
) -> Iterator[Step]:
    """Stochastic gradient descent makes one update after every training sample.

    x: (n, n_0); y: (n, k); order: the sample of each update; yields one Step a sample.
    """
    yield from descend(network, x, y, loss, learning_rate, [(sample,) for sample in order], scale, at_kink)


@clause(
    "M3",
    slug="mini-batch-gradient-descent",
    section=SECTION_MODES,
    latex=r"w \leftarrow w - \alpha \sum_{s \in B} \frac{\partial J(y_s, o_s)}{\partial w}, \qquad B = B_1, B_2, \dots",
)
def mini_batch_gradient_descent(
    network: Network,
    x: Any,
    y: Any,
    loss: Loss,
    learning_rate: Any,
    order: Sequence[int],
    batch_size: int,
    scale: Scale = _article_scale,
    at_kink: Any = None,
) -> Iterator[Step]:
    """Mini-batch gradient descent makes one update after each mini-batch; the last one of an order may be smaller.

    x: (n, n_0); y: (n, k); order: the samples in the order drawn; yields one Step a mini-batch.
    Raises ValueError for a batch size below 1.
    """
    if batch_size < 1:
        msg = f"batch_size must be at least 1, not {batch_size}"
        raise ValueError(msg)
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    yield from descend(network, x, y, loss, learning_rate, batches, scale, at_kink)
