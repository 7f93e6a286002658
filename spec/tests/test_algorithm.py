"""A1 and the modes on numbers: arguments stay, samples are interchangeable, zero error gives zero update."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from spec_proofs_descent import INPUTS, LABELS, NETWORK, RATE

from backproof_spec import LOSSES, Layer, Network, activation, backpropagation, descend

SQUARED = LOSSES["squared"]


def _floats() -> tuple[Network, Any, Any]:
    layers = tuple(
        replace(layer, weights=layer.weights.astype(float), biases=layer.weights[:, 0].astype(float))
        for layer in NETWORK
    )
    return layers, INPUTS.astype(float), LABELS.astype(float)


def test_arguments_are_not_changed() -> None:
    """A1 leaves the network, the inputs and the labels as they were, and the new network shares no weights with it."""
    network, x, y = _floats()
    before = deepcopy((network, x, y))
    step = backpropagation(network, x, y, SQUARED, 0.5)
    for layer, same, new in zip(network, before[0], step.network, strict=True):
        assert (layer.weights == same.weights).all()
        assert (layer.biases == same.biases).all()
        assert not np.shares_memory(layer.weights, new.weights)
    assert (x == before[1]).all()
    assert (y == before[2]).all()


def test_the_order_of_the_samples_does_not_matter() -> None:
    """On exact rationals a permuted batch gives the same error, gradients and update, and permuted deltas."""
    order = [3, 0, 4, 1, 2]
    step = backpropagation(NETWORK, INPUTS, LABELS, SQUARED, RATE)
    other = backpropagation(NETWORK, INPUTS[order], LABELS[order], SQUARED, RATE)
    assert step.loss == other.loss
    for index, layer in enumerate(step.network):
        assert (layer.weights == other.network[index].weights).all()
        assert (step.deltas[index][order] == other.deltas[index]).all()


def test_gradients_add_up_over_the_samples() -> None:
    """On exact rationals the gradients of a batch are the sums of those of its samples, and not their means."""
    whole = backpropagation(NETWORK, INPUTS, LABELS, SQUARED, RATE)
    alone = [backpropagation(NETWORK, INPUTS[[s]], LABELS[[s]], SQUARED, RATE) for s in range(len(INPUTS))]
    for index, gradient in enumerate(whole.weight_gradients):
        total = sum(step.weight_gradients[index] for step in alone)
        assert (gradient == total).all()
        assert not (gradient == total / len(alone)).all()


def test_zero_error_gives_zero_update() -> None:
    """Labels that are met exactly leave every parameter as it is; labels that are not, do not."""
    outputs = backpropagation(NETWORK, INPUTS, LABELS, SQUARED, RATE).activations[-1]
    met = backpropagation(NETWORK, INPUTS, outputs, SQUARED, RATE)
    assert met.loss == 0
    for old, new in zip(NETWORK, met.network, strict=True):
        assert (old.weights == new.weights).all()
        assert np.all(old.biases == new.biases)
    missed = backpropagation(NETWORK, INPUTS, outputs + 1, SQUARED, RATE)
    assert not (missed.network[1].weights == NETWORK[1].weights).all()


@pytest.mark.parametrize("chosen", [0, Fraction(1, 2), 1])
def test_the_choice_at_a_kink_reaches_the_deltas(chosen: Any) -> None:
    """With a net input of exactly 0 the delta carries the chosen f'(0), and f'(0-) without a choice."""
    network = tuple(
        Layer(np.array([[weight]]), np.array([bias]), activation("relu")) for weight, bias in ((0.0, 0.0), (2.0, 0.0))
    )
    one = np.ones((1, 1))
    for at_kink, expected in ((float(chosen), float(chosen)), (None, 0.0)):
        (step,) = descend(network, one, one, SQUARED, 0.5, [(0,)], at_kink=at_kink)
        assert step.deltas[1].tolist() == [[-2 * expected]]
        assert step.deltas[0].tolist() == [[-4 * expected * expected]]


def test_missing_biases_stay_missing_and_masked_weights_stay_zero() -> None:
    """Over several updates no bias and no edge appears that was not there."""
    mask = np.array([[True, False], [False, True]])
    network = (
        Layer(np.where(mask, 0.5, 0.0), None, activation("tanh"), mask),
        Layer(np.array([[0.25, -0.5]]), None, activation("sigmoid")),
    )
    _, x, _ = _floats()
    y = np.array([[1.0], [0.0], [1.0], [0.0], [1.0]])
    *_, last = descend(network, x, y, LOSSES["log"], 0.5, [(0, 1), (2,), (3, 4)])
    assert [layer.biases for layer in last.network] == [None, None]
    assert last.bias_gradients == (None, None)
    assert (last.network[0].weights[~mask] == 0).all()
    assert (last.network[0].weights[mask] != 0.5).all()
