"""What the article leaves unsaid and the spec refuses: each refusal, beside the neighbour that it lets through."""

from __future__ import annotations

import numpy as np
import pytest

from backproof_spec import (
    LOSSES,
    RULES,
    Layer,
    Loss,
    activation,
    backpropagation,
    batch_gradient_descent,
    mini_batch_gradient_descent,
    output_deltas,
)


def network(hidden: str):
    return (
        Layer(np.full((2, 2), 0.5), None, activation(hidden)),
        Layer(np.full((2, 2), 0.25), None, activation("identity")),
    )


X, Y = np.array([[1.0, -0.5], [0.25, 0.0]]), np.array([[0.0, 1.0], [1.0, 0.5]])


def test_softmax_in_a_hidden_layer_is_refused():
    """Two samples by two neurons would otherwise broadcast to wrong deltas without a word."""
    with pytest.raises(ValueError, match="layer 1: softmax is not element-wise"):
        backpropagation(network("softmax"), X, Y, LOSSES["squared"], 0.5)
    assert backpropagation(network("tanh"), X, Y, LOSSES["squared"], 0.5).deltas[0].shape == (2, 2)


def test_softmax_has_neither_a_second_derivative_nor_an_error_of_its_derivative():
    for formula in (RULES["softmax"].second_derivative, RULES["softmax"].derivative_error):
        with pytest.raises(TypeError, match="softmax is not element-wise"):
            formula(X)
    assert RULES["tanh"].second_derivative(X).shape == X.shape


def test_another_loss_of_the_same_name_gets_no_special_form():
    """E24 belongs to the log loss itself, not to its name."""
    log = LOSSES["log"]
    doubled = Loss("log", "E5", log.function, lambda y, o: 2 * log.derivative(y, o), log.second_derivative, "sigmoid")
    z = np.array([[0.5]])
    o, y = activation("sigmoid")(z), np.array([[1.0]])
    once, twice = (output_deltas(activation("sigmoid"), loss, y, z, o) for loss in (log, doubled))
    assert abs(twice[0, 0] / once[0, 0] - 2) < 8 * np.finfo(float).eps


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_size_below_one_is_refused(size):
    arguments = network("tanh"), X, Y, LOSSES["squared"], 0.5, (0, 1)
    with pytest.raises(ValueError, match=f"batch_size must be at least 1, not {size}"):
        list(mini_batch_gradient_descent(*arguments, batch_size=size))
    assert len(list(mini_batch_gradient_descent(*arguments, batch_size=1))) == 2


def test_the_value_at_a_kink_reaches_every_mode():
    layers = (
        Layer(np.zeros((2, 2)), None, activation("relu")),
        Layer(np.full((2, 2), 0.25), None, activation("identity")),
    )
    left, right = (
        next(batch_gradient_descent(layers, X, Y, LOSSES["squared"], 0.5, at_kink=value)).deltas[0] for value in (0, 1)
    )
    assert (left == 0).all()
    assert (right != 0).any()
