"""The worked example in float64, and what makes it a sharp test: edges and biases that do not exist."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from spec_proof import decimals
from spec_proofs_example import FORWARD, HIDDEN_DELTAS, OUTPUT_DELTA, SECOND_FORWARD, digits40

from backproof_spec import (
    LOSSES,
    Network,
    backpropagation,
    example_backward,
    example_descent,
    example_forward,
    example_network,
    example_output_delta,
    example_sample,
    example_second_forward,
    vanishing_gradient,
)


def _output_after_one_step(network: Network) -> float:
    x, y, learning_rate = example_sample()
    for _ in range(2):
        step = backpropagation(network, x, y, LOSSES["log"], learning_rate)
        network = step.network
    return float(step.activations[-1][0, 0])


def test_float64_prints_the_ten_decimals() -> None:
    """In float64 every activation and delta has the same ten decimals as at 40 digits."""
    for got, expected in (
        (example_forward(), FORWARD),
        ((example_output_delta(),), (OUTPUT_DELTA,)),
        (example_backward(), HIDDEN_DELTAS),
        (example_second_forward(), SECOND_FORWARD),
    ):
        for layer, numbers in zip(got, expected, strict=True):
            assert layer.dtype == np.float64
            assert [decimals(float(value), 10) for value in layer[0]] == [exact for exact, _ in numbers]


def test_the_headline_numbers() -> None:
    """The article prints 0.6718 before the step and 0.6981 after it, and so does the exact arithmetic."""
    assert f"{example_forward()[-1][0, 0]:.4f}" == "0.6718"
    assert f"{_output_after_one_step(example_network()):.4f}" == "0.6981"
    assert decimals(example_second_forward(digits40)[-1][0, 0], 4) == "0.6981"


def test_a_dense_network_would_print_0_6982() -> None:
    """With an edge 3 -> 4 of weight 0 the first pass is the same, but the edge learns +0.0097 and it shows."""
    dense = example_network(dense=True)
    assert dense[1].mask is None
    x, y, learning_rate = example_sample()
    step = backpropagation(dense, x, y, LOSSES["log"], learning_rate)
    assert f"{step.activations[-1][0, 0]:.4f}" == "0.6718"
    assert f"{step.network[1].weights[0, 2]:.4f}" == "0.0097"
    assert f"{_output_after_one_step(dense):.4f}" == "0.6982"


def test_invented_biases_would_not_print_0_6981() -> None:
    """With biases of value 0 in layers 2 and 3 the second output is another one: biases that do not exist matter."""
    biased = tuple(
        layer if layer.biases is not None else replace(layer, biases=np.zeros(len(layer.weights)))
        for layer in example_network()
    )
    assert f"{_output_after_one_step(biased):.4f}" != "0.6981"


def test_edges_that_do_not_exist_stay_zero() -> None:
    """After the step the weight of every edge that does not exist is exactly 0."""
    for before, after in zip(example_network(), example_descent(), strict=True):
        if before.mask is not None:
            assert (after.weights[~before.mask] == 0).all()
            assert (before.weights[~before.mask] == 0).all()


def test_the_network_holds_the_articles_decimals() -> None:
    """As fractions the weights are exactly the article's decimals; no float rounding is baked in."""
    network = example_network(Fraction)
    assert network[0].weights.tolist() == [[Fraction(1, 2), 0], [Fraction(-1, 5), 0], [0, 0]]
    assert network[0].biases.tolist() == [Fraction(3, 10), Fraction(7, 10), Fraction(-1, 10)]
    assert network[2].weights.tolist() == [[Fraction(1, 2), Fraction(7, 10)]]
    assert example_sample(Fraction)[2] == Fraction(1, 2)


def test_the_example_runs_in_float32() -> None:
    """With numbers of float32 every value stays float32, and the output prints the same four decimals."""
    outputs = example_second_forward(np.float32)
    assert {layer.dtype for layer in outputs} == {np.dtype(np.float32)}
    assert f"{outputs[-1][0, 0]:.4f}" == "0.6981"


def test_the_deltas_vanish_towards_the_input() -> None:
    """V1 holds for the example, and not when its deltas stand in the opposite order."""
    deltas = [*example_backward(), example_output_delta()]
    assert vanishing_gradient(deltas)
    assert not vanishing_gradient(deltas[::-1])


@pytest.mark.parametrize("wrong", [[np.ones((1, 2)), np.ones((1, 1))], [np.full((1, 1), np.nan), np.ones((1, 1))]])
def test_no_shrinking_is_not_vanishing(wrong: list[np.ndarray]) -> None:
    """Equal deltas do not shrink, and NaN never passes."""
    assert not vanishing_gradient(wrong)
