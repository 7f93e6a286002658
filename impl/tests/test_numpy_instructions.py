"""Speed that no clock needs to show: what the interpreter executes in a step does not grow with the arrays."""

import pytest
from instructions import instructions
from test_numpy_allocation import network_of, samples_of

MOST_INSTRUCTIONS = 1000  # of an unchecked or checked step of three layers; 811 to 859 in Python 3.11


def step_of(widths, batch):
    network, (x, y) = network_of(widths, "float32"), samples_of(widths, batch, "float32")
    network.step(x, y, 0.01)  # the buffers are made
    return lambda: network.step(x, y, 0.01)


@pytest.mark.parametrize(("widths", "batch"), [((2, 3, 2, 1), 1), ((2, 3, 2, 1), 256), ((128, 64, 32, 1), 256)])
def test_a_step_executes_no_more_than_it_did_whatever_its_size(widths, batch):
    assert instructions(step_of(widths, batch)) <= MOST_INSTRUCTIONS


def test_a_step_sample_by_sample_is_counted_as_what_it_is():
    x, y = samples_of((2, 3, 2, 1), 8, "float32")
    network = network_of((2, 3, 2, 1), "float32")
    network.step(x[:1], y[:1], 0.01)

    def one_by_one():
        for number in range(len(x)):
            network.step(x[number : number + 1], y[number : number + 1], 0.01)

    assert instructions(one_by_one) > MOST_INSTRUCTIONS


def test_another_layer_costs_a_layer_and_no_more():
    """So that no loop over the layers is hidden in one of them."""
    counts = [instructions(step_of((4,) * (depth + 1), 8)) for depth in (2, 4, 6)]
    assert counts[2] - counts[1] == counts[1] - counts[0] > 0
