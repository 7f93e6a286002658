"""The losses and their output deltas (`losses`)."""

import math

import numpy as np
import pytest
from numpy_networks import DTYPES, roundoff

from backproof_numpy import Layer, Network


def outputs_only(n, activation, loss, dtype="float64", **options):
    """Return a network that passes its inputs on as the net inputs of the output layer."""
    return Network([Layer(np.eye(n, dtype=dtype), activation=activation)], loss=loss, **options)


@pytest.mark.parametrize(("loss_factor", "factor"), [(1, 1), (0.5, 0.5)])
@pytest.mark.parametrize(("reduction", "samples"), [("sum", 1), ("mean", 2)])
@pytest.mark.parametrize(("output_reduction", "outputs"), [("sum", 1), ("mean", 4)])
def test_conventions_scale_loss_and_delta(*, loss_factor, factor, reduction, samples, output_reduction, outputs):
    """E and delta carry the same factor.

    On dyadic numbers exactly, so that any other factor fails.
    """
    options = {
        "loss_factor": loss_factor,
        "reduction": reduction,
        "output_reduction": output_reduction,
    }
    network = outputs_only(4, "identity", "squared", **options)
    x, y = np.array([[1.0, 2, 3, 4], [0, 0, 0, 1]]), np.zeros((2, 4))
    result = network.backward(x, y)
    scale = factor / samples / outputs
    assert result.loss == 31 * scale
    assert np.array_equal(result.deltas[0], 2 * x * scale)


def test_conventions_apply_to_every_loss():
    """Half the log loss has half the value and half the delta."""
    x, y = np.array([[0.5, -1.0]]), np.array([[1.0, 0.25]])
    whole = outputs_only(2, "sigmoid", "log").backward(x, y).copy()
    half = outputs_only(2, "sigmoid", "log", loss_factor=0.5).backward(x, y)
    assert half.loss == whole.loss / 2
    assert np.array_equal(half.deltas[0], whole.deltas[0] / 2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("loss", "activation"),
    [("squared", "identity"), ("log", "sigmoid"), ("cross_entropy", "softmax")],
)
def test_fused_delta_is_outputs_minus_labels(loss, activation, dtype):
    """E23 to E25: delta is o - y (twice that for the squared loss), to the last bit."""
    network = outputs_only(3, activation, loss, dtype)
    x, y = np.array([[0.3, -0.7, 2.0]], dtype), np.array([[0.0, 1.0, 0.0]], dtype)
    result = network.backward(x, y)
    factor = 2 if loss == "squared" else 1
    assert np.array_equal(result.deltas[0], factor * (result.outputs - y))
    assert not np.array_equal(result.deltas[0], result.outputs)
    assert result.loss.dtype == dtype


@pytest.mark.parametrize(("dtype", "extreme"), [("float64", 700.0), ("float32", 80.0)])
@pytest.mark.filterwarnings("error")
def test_log_loss_is_computed_from_the_net_inputs(dtype, extreme):
    """Where o is rounded to 1, the loss of the label 0 is still z, not infinity.

    With all errors raised.
    """
    network = outputs_only(1, "sigmoid", "log", dtype)
    with np.errstate(all="raise"):
        wrong = network.backward(np.array([[extreme]], dtype), np.array([[0]], dtype)).loss
        right = network.backward(np.array([[-extreme]], dtype), np.array([[0]], dtype)).loss
    assert wrong == extreme
    assert abs(right - math.exp(-extreme)) <= 12 * roundoff(dtype) * math.exp(-extreme)
    with np.errstate(divide="ignore"):
        assert np.isinf(-np.log(1 - network.forward(np.array([[extreme]], dtype)).outputs[0, 0]))


@pytest.mark.parametrize(("dtype", "extreme"), [("float64", 700.0), ("float32", 80.0)])
@pytest.mark.filterwarnings("error")
def test_cross_entropy_is_computed_from_the_net_inputs(dtype, extreme):
    """Where an output underflows to 0, its loss is the distance of the net inputs."""
    network = outputs_only(2, "softmax", "cross_entropy", dtype)
    x = np.array([[extreme, -extreme]], dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        wrong = network.backward(x, np.array([[0, 1]], dtype)).copy()
        right = network.backward(x, np.array([[1, 0]], dtype))
    assert wrong.loss == 2 * extreme
    assert right.loss == 0
    assert wrong.deltas[0].tolist() == [[1, -1]]


def test_zero_labels_cost_nothing_where_the_output_is_zero():
    """0 log 0 is 0: a certain and right prediction has loss 0 and delta 0."""
    result = outputs_only(3, "softmax", "cross_entropy").backward([[2000.0, 0.0, -2000.0]], [[1.0, 0.0, 0.0]])
    assert result.loss == 0
    assert not result.deltas[0].any()


def test_softmax_ignores_a_shift_of_its_net_inputs():
    """Softmax of z and of z + 1024 agree exactly for dyadic z, and differ from that of 2 z."""
    network = outputs_only(3, "softmax", "cross_entropy")
    z = np.array([[0.5, -1.25, 2.0]])
    o = network.forward(z).outputs.copy()
    assert np.array_equal(o, network.forward(z + 1024).outputs)
    assert not np.array_equal(o, network.forward(2 * z).outputs)
    assert abs(o.sum() - 1) <= 3 * 2 * roundoff("float64")
