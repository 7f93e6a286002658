"""X1 to X6 and V1: the article's worked example, as the arithmetic of the author's notebook gives it.

Two hidden layers of 3 and 2 sigmoid neurons, one sigmoid output, log loss, alpha = 0.5, x = (1, 0), y = 1. Of the two
sources of value 1 the project takes s = x_1 and t = the bias: the arithmetic cannot tell them apart. The weights that
leave x_2 = 0 enter no number and are not invented: those edges do not exist here, and neither do the edges from x_1
to neuron 3 and from neuron 3 to neuron 4. The second hidden layer and the output have no biases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from backproof_spec.activations import activation
from backproof_spec.algorithm import backpropagation
from backproof_spec.losses import LOSSES
from backproof_spec.network import Layer, Network, Step
from backproof_spec.registry import clause

SECTION = "Backpropagation example"

_WEIGHTS: tuple[tuple[tuple[str | None, ...], ...], ...] = (
    (("0.5", None), ("-0.2", None), (None, None)),
    (("-0.5", "0.4", None), ("0.3", "0.6", "0.4")),
    (("0.5", "0.7"),),
)
_BIASES: tuple[tuple[str, ...] | None, ...] = (("0.3", "0.7", "-0.1"), None, None)


@clause(
    "X1",
    slug="example-network",
    section=SECTION,
    image="81bd7b7f",
    latex=r"w^1, b^1, w^2, w^3;\; x = (1, 0),\; y = 1,\; \alpha = 0.5",
    via=("E1",),
)
def example_network(number: Callable[[Fraction], Any] = float, *, dense: bool = False) -> Network:
    """The example's network has 2 inputs, hidden layers of 3 and 2 neurons and 1 output, and is sparse.

    number: turns each decimal into the kind of number wanted; dense: drop the mask of the second layer, to show
    that the missing edge matters.
    """
    layers = []
    for index, (rows, biases) in enumerate(zip(_WEIGHTS, _BIASES, strict=True)):
        weights = np.array([[number(Fraction(w or 0)) for w in row] for row in rows])
        mask = np.array([[w is not None for w in row] for row in rows])
        layers.append(
            Layer(
                weights=weights,
                biases=None if biases is None else np.array([number(Fraction(b)) for b in biases]),
                activation=activation("sigmoid"),
                mask=None if mask.all() or (dense and index == 1) else mask,
            )
        )
    return tuple(layers)


def example_sample(number: Callable[[Fraction], Any] = float) -> tuple[Any, Any, Any]:
    """Return the example's input x (1, 2), label y (1, 1) and learning rate."""
    one, zero, half = number(Fraction(1)), number(Fraction(0)), number(Fraction(1, 2))
    return np.array([[one, zero]]), np.array([[one]]), half


def _iterations(count: int, number: Callable[[Fraction], Any]) -> Sequence[Step]:
    network, (x, y, learning_rate) = example_network(number), example_sample(number)
    steps: list[Step] = []
    for _ in range(count):
        steps.append(backpropagation(network, x, y, LOSSES["log"], learning_rate))
        network = steps[-1].network
    return steps


@clause(
    "X2",
    slug="example-forward",
    section=SECTION,
    image="bb8913ae",
    latex=r"o = a^3 = 0.6718",
    via=("E1", "E18"),
)
def example_forward(number: Callable[[Fraction], Any] = float) -> tuple[Any, ...]:
    """The first forward pass of the example gives the output 0.6718.

    Returns the activations of layers 1 to 3, (1, 3), (1, 2) and (1, 1).

    >>> round(float(example_forward()[-1][0, 0]), 4)
    0.6718
    """
    return _iterations(1, number)[0].activations


@clause(
    "X3",
    slug="example-output-delta",
    section=SECTION,
    image="761010e4",
    latex=r"\delta^3 = o - y = -0.3282",
    via=("E22",),
)
def example_output_delta(number: Callable[[Fraction], Any] = float) -> Any:
    """The output delta of the example is o - y = -0.3282.

    Returns (1, 1).

    >>> round(float(example_output_delta()[0, 0]), 4)
    -0.3282
    """
    return _iterations(1, number)[0].deltas[-1]


@clause(
    "X4",
    slug="example-backward",
    section=SECTION,
    image="5110588e",
    latex=r"\delta^2 = (-0.0409, -0.0497),\quad \delta^1 = (0.0012, -0.0109, -0.0050)",
    via=("E17",),
)
def example_backward(number: Callable[[Fraction], Any] = float) -> tuple[Any, Any]:
    """The hidden deltas of the example are (-0.0409, -0.0497) and (0.0012, -0.0109, -0.0050).

    Returns the deltas of layer 1, (1, 3), and of layer 2, (1, 2).

    >>> [[round(float(d), 4) for d in layer[0]] for layer in example_backward()]
    [[0.0012, -0.0109, -0.005], [-0.0409, -0.0497]]
    """
    deltas = _iterations(1, number)[0].deltas
    return deltas[0], deltas[1]


@clause(
    "X5",
    slug="example-descent",
    section=SECTION,
    image="c8d0580a",
    latex=r"w^3 = (0.5781, 0.8122), \dots",
    via=("E26",),
)
def example_descent(number: Callable[[Fraction], Any] = float) -> Network:
    """The gradient descent step of the example changes the weights to 0.5781, 0.8122 and so on.

    Returns the network after the update.

    >>> weights = example_descent()[2].weights[0]
    >>> round(float(weights[0]), 4), round(float(weights[1]), 4)
    (0.5781, 0.8122)
    """
    return _iterations(1, number)[0].network


@clause(
    "X6",
    slug="example-second-forward",
    section=SECTION,
    image="973181d8",
    latex=r"o = a^3 = 0.6981",
    via=("E1", "E18"),
)
def example_second_forward(number: Callable[[Fraction], Any] = float) -> tuple[Any, ...]:
    """The second forward pass of the example gives the output 0.6981.

    Returns the activations of layers 1 to 3.

    >>> round(float(example_second_forward()[-1][0, 0]), 4)
    0.6981
    """
    return _iterations(2, number)[1].activations


@clause(
    "V1",
    slug="vanishing-gradient",
    section=SECTION,
    latex=r"\max_i |\delta_i^1| < \max_i |\delta_i^2| < \dots < \max_i |\delta_i^L|",
)
def vanishing_gradient(deltas: Sequence[Any]) -> bool:
    """In the worked example the deltas get smaller from the output layer towards the input.

    deltas: one array (batch, n_l) for each layer 1..L; returns whether the largest |delta| of each layer is smaller
    than that of the next.
    """
    largest = [abs(delta).max() for delta in deltas]
    return all(bool(here < following) for here, following in pairwise(largest))
