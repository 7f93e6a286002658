"""A1 in arrays agrees with A1 index by index, on random networks, within what rounding alone can explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import spec_rounding
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spec_index_loops import LoopLayer, LoopStep, one_iteration

from backproof_spec import LOSSES, RULES, Activation, Layer, Network, Step, activation, backpropagation

Setting = tuple[Network, Any, Any, str, float]

HIDDEN = [
    *(activation(name) for name in RULES if RULES[name].elementwise),
    activation("gelu", approximate="tanh"),
    activation("leaky_relu", slope=0.25),
    activation("elu", alpha=0.5),
]
SOFTMAX = activation("softmax")
PAIRS = [
    *((f, "squared") for f in [*HIDDEN, SOFTMAX]),
    (activation("sigmoid"), "log"),
    (SOFTMAX, "cross_entropy"),
]
LARGEST = 16.0  # of |z|: beyond it the literal sigmoid and log lose all meaning, which is the kit's business


def _sixteenths(*shape: int, low: int = -16) -> Any:
    """Draw numbers k/16: few digits, so that a failure shrinks to something to calculate by hand."""
    return arrays(np.int64, shape, elements=st.integers(low, 16)).map(lambda drawn: drawn / 16)


@st.composite
def _settings(draw: st.DrawFn) -> Setting:
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    batch = draw(st.integers(1, 4))
    last, loss = draw(st.sampled_from(PAIRS))
    layers = []
    for n_in, n_out in pairwise(sizes):
        f = last if len(layers) == len(sizes) - 2 else draw(st.sampled_from(HIDDEN))
        mask = draw(st.none() | arrays(bool, (n_out, n_in)))
        weights = draw(_sixteenths(n_out, n_in)) * (1 if mask is None else mask)
        layers.append(Layer(weights, draw(st.none() | _sixteenths(n_out)), f, mask))
    y = draw(_sixteenths(batch, sizes[-1], low=0))
    if loss == "cross_entropy":
        first, second = (draw(arrays(np.int64, batch, elements=st.integers(0, sizes[-1] - 1))) for _ in "12")
        y = (np.eye(sizes[-1])[first] + np.eye(sizes[-1])[second]) / 2
    return tuple(layers), draw(_sixteenths(batch, sizes[0])), y, loss, draw(st.sampled_from([0.5, 0.1, 3.0]))


def _as_lists(network: Network) -> list[LoopLayer]:
    return [
        LoopLayer(
            w=layer.weights.tolist(),
            b=None if layer.biases is None else layer.biases.tolist(),
            exists=(np.ones(layer.weights.shape, bool) if layer.mask is None else layer.mask).tolist(),
            activation=layer.activation.name,
            parameters=dict(layer.activation.parameters),
        )
        for layer in network
    ]


def _by_loops(setting: Setting) -> LoopStep:
    network, x, y, loss, learning_rate = setting
    return one_iteration(_as_lists(network), x.tolist(), y.tolist(), loss, learning_rate)


def _by_arrays(setting: Setting) -> Step:
    network, x, y, loss, learning_rate = setting
    return backpropagation(network, x, y, LOSSES[loss], learning_rate)


def _compared(loops: LoopStep, step: Step, bound: spec_rounding.Bounds) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield name, value by loops, value by arrays and bound of every array that both programs compute."""
    yield "loss", loops.loss, step.loss, bound.loss
    for index, layer in enumerate(step.network):
        where = f" of layer {index + 1}"
        yield "z" + where, loops.z[index], step.net_inputs[index], bound.net_inputs[index]
        yield "a" + where, loops.a[index], step.activations[index], bound.activations[index]
        yield "delta" + where, loops.delta[index], step.deltas[index], bound.deltas[index]
        yield "dE/dw" + where, loops.by_weight[index], step.weight_gradients[index], bound.weight_gradients[index]
        yield "w" + where, loops.w[index], layer.weights, bound.weights[index]
        assert (loops.b[index] is None) == (layer.biases is None), "a bias was invented or lost" + where
        if layer.biases is not None:
            yield "dE/db" + where, loops.by_bias[index], step.bias_gradients[index], bound.bias_gradients[index]
            yield "b" + where, loops.b[index], layer.biases, bound.biases[index]


def _assert_agree(loops: LoopStep, step: Step, bound: spec_rounding.Bounds) -> None:
    """Assert that two programs, each of them off by at most the bound, agree: twice the bound, element by element."""
    for name, left, right, error in _compared(loops, step, bound):
        got = np.asarray(left)
        assert got.shape == np.shape(right), f"{name}: shapes {got.shape} and {np.shape(right)}"
        assert (abs(got - right) <= 2 * error).all(), f"{name}: {got} by loops, {right} by arrays, bound {error}"


def _assume_no_doubtful_side(network: Network, step: Step, bound: spec_rounding.Bounds) -> None:
    """Leave out net inputs so near to a kink that rounding decides the side; exact zeros of layer 1 stay."""
    for index, layer in enumerate(network):
        assume((abs(step.net_inputs[index]) < LARGEST).all())
        if layer.activation.kink is not None and index > 0:
            assume((abs(step.net_inputs[index]) > 2 * bound.net_inputs[index]).all())


@pytest.mark.parametrize("f", HIDDEN, ids=str)
def test_the_facts_of_the_rounding_model(f: Activation) -> None:
    """In float32 f and f' are computed to FUNCTION and DERIVATIVE, and F and G bound |f'| and |f''|."""
    z = np.linspace(-LARGEST, LARGEST, 4097)[1:-1].astype(np.float32)
    exact, u = z.astype(np.float64), 2.0**-24
    size = u * np.maximum(1, abs(exact))
    assert (abs(f(z) - f(exact)) <= spec_rounding.FUNCTION * size).all()
    assert (abs(f.derivative(z) - f.derivative(exact)) <= spec_rounding.DERIVATIVE * size).all()
    by_value, by_slope = spec_rounding.slopes(f)
    assert (abs(f.derivative(exact)) <= by_value).all()
    assert (abs(f.second_derivative(exact)[exact != 0]) <= by_slope).all()


@settings(
    max_examples=400, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(_settings())
def test_loops_and_arrays_agree(setting: Setting) -> None:
    """Each value of A1 by arrays is that by loops, on any network: masks, missing biases, every activation and pair."""
    network, x, y, loss, learning_rate = setting
    with np.errstate(all="ignore"):
        step = _by_arrays(setting)
        bound = spec_rounding.bounds(network, x, y, loss, learning_rate, step)
        _assume_no_doubtful_side(network, step, bound)
    assume(np.isfinite(bound.loss))
    event(f"{len(network)} layers")
    _assert_agree(_by_loops(setting), step, bound)


def _fixed(last: Activation, loss: str) -> Setting:
    """Return a square network of three layers for the negative twins, numbers of all kinds of size."""
    generator = np.random.default_rng(20230401)
    layers = [
        Layer(generator.uniform(-1, 1, (3, 3)), generator.uniform(-1, 1, 3), f, np.ones((3, 3), bool))
        for f in (activation("tanh"), activation("sigmoid"), last)
    ]
    layers[1] = replace(
        layers[1], mask=np.eye(3, dtype=bool)[::-1] == 0, weights=layers[1].weights * (1 - np.eye(3)[::-1])
    )
    y = np.eye(3)[:2] if loss != "squared" else generator.uniform(0, 1, (2, 3))
    return tuple(layers), generator.uniform(-1, 1, (2, 3)), y, loss, 0.5


def _transposed(setting: Setting) -> Setting:
    network, *rest = setting
    second = network[1]
    flipped = replace(second, weights=second.weights.T, mask=second.mask.T)
    return (network[0], flipped, network[2]), *rest


def _without_mask(setting: Setting) -> Setting:
    network, *rest = setting
    return tuple(replace(layer, mask=None) for layer in network), *rest


def _mean(setting: Setting) -> Setting:
    network, x, y, loss, learning_rate = setting
    return network, x, y, loss, learning_rate / len(x)


def _biasless(setting: Setting) -> Setting:
    network, *rest = setting
    return tuple(replace(layer, biases=0 * layer.biases) for layer in network), *rest


def _other_activation(setting: Setting) -> Setting:
    network, *rest = setting
    return (replace(network[0], activation=activation("softplus")), *network[1:]), *rest


@pytest.mark.parametrize("last_and_loss", PAIRS, ids=[f"{f}-{loss}" for f, loss in PAIRS])
@pytest.mark.parametrize("mistake", [_transposed, _without_mask, _mean, _biasless, _other_activation])
def test_a_mistake_in_the_loops_is_seen(
    mistake: Callable[[Setting], Setting], last_and_loss: tuple[Activation, str]
) -> None:
    """Loops that read w_ji for w_ij, learn missing edges, average or drop biases do not agree with the arrays."""
    setting = _fixed(*last_and_loss)
    step = _by_arrays(setting)
    bound = spec_rounding.bounds(*setting, step)
    _assert_agree(_by_loops(setting), step, bound)
    with pytest.raises(AssertionError, match="by loops"):
        _assert_agree(_by_loops(mistake(setting)), step, bound)


@pytest.mark.parametrize("last_and_loss", PAIRS, ids=[f"{f}-{loss}" for f, loss in PAIRS])
def test_the_bounds_are_tight(last_and_loss: tuple[Activation, str]) -> None:
    """No bound exceeds 2^-40 of the largest value of its array: a change of one part in 10^12 is seen somewhere."""
    setting = _fixed(*last_and_loss)
    step = _by_arrays(setting)
    for name, _, value, error in _compared(_by_loops(setting), step, spec_rounding.bounds(*setting, step)):
        assert np.max(error) < 2.0**-40 * np.max(abs(value)), name
