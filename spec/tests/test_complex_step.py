"""The first link of the chain of trust: the forward formulas alone, evaluated at z + ih, give the deltas of A1.

J(z + ih e_i) = J(z) + ih dJ/dz_i + O(h^2), so Im J / h is the derivative; with h = 1e-100 the remainder is far below
the rounding and nothing is subtracted. No derivative formula of the spec takes part, and no backward pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backproof_spec import LOSSES, Activation, Layer, Network, Step, activation, backpropagation, forward_propagation

H = 1e-100
U = 2.0**-53
ANALYTIC = ("identity", "sigmoid", "tanh", "softplus", "elu", "relu", "leaky_relu")
PAIRS = [
    *((name, "squared") for name in (*ANALYTIC, "softmax")),
    ("sigmoid", "log"),
    ("softmax", "cross_entropy"),
    ("softmax", "squared"),
]
MODERATE = 2.0  # of |z|: there 1 - tanh^2 >= 1/15 and 1 - o >= 1/9, so that they magnify a rounding 15 times at most
AWAY = 2.0**-20  # of 0, for kinks

Setting = tuple[Network, Any, Any, str]


def _shifted(f: Activation, z: Any) -> Any:
    """Return f(z), softmax after a shift by max Re z: the shift is the same for every output and changes nothing."""
    return f(z) if f.elementwise else f(z - z.real.max(axis=-1, keepdims=True))


def deltas_by_complex_step(network: Network, z: Any, y: Any, loss: str) -> Any:
    """Return dE/dz for the net inputs z (batch, n_1) of the first of these layers, from forward formulas alone."""
    columns = []
    for i in range(z.shape[1]):
        raised = z.astype(complex)
        raised[:, i] += 1j * H
        a = _shifted(network[0].activation, raised)
        for layer in network[1:]:
            above, _ = forward_propagation(layer.weights, layer.biases, a, activation("identity"))
            a = _shifted(layer.activation, above)
        columns.append(LOSSES[loss](y, a).imag / H)
    return np.stack(columns, axis=1)


def _setting(seed: int, pair: tuple[str, str]) -> Setting:
    """Return a random network of 1 to 4 layers whose net inputs are moderate and away from kinks."""
    generator = np.random.default_rng(seed)
    while True:
        sizes = generator.integers(1, 5, size=generator.integers(2, 6))
        names = [*generator.choice(ANALYTIC, size=len(sizes) - 2), pair[0]]
        network = tuple(
            Layer(
                generator.uniform(-1, 1, (n_out, n_in)),
                generator.uniform(-1, 1, n_out) if generator.random() < 0.7 else None,
                activation(str(name)),
            )
            for n_in, n_out, name in zip(sizes[:-1], sizes[1:], names, strict=True)
        )
        batch = int(generator.integers(1, 4))
        x, y = generator.uniform(-1, 1, (batch, sizes[0])), generator.integers(0, 9, (batch, sizes[-1])) / 8
        if pair[1] == "cross_entropy":
            y = np.eye(sizes[-1])[generator.integers(0, sizes[-1], batch)]
        net_inputs = backpropagation(network, x, y, LOSSES[pair[1]], 0.5).net_inputs
        if all(((abs(z) < MODERATE) & (abs(z) > AWAY)).all() for z in net_inputs):
            return network, x, y, pair[1]


def _path_sums(network: Network, step: Step, y: Any, loss: str) -> list[Any]:
    """Return what the deltas would be if nothing cancelled: every term of every sum counted with its size."""
    o, z = step.activations[-1], step.net_inputs[-1]
    own = abs(network[-1].activation.derivative(z))
    if loss != "squared":
        sums = [abs(o) + abs(y)]
    elif network[-1].activation.elementwise:
        sums = [2 * (abs(o) + abs(y)) * own]
    else:
        sums = [(2 * (abs(o) + abs(y))[:, :, None] * own).sum(axis=1)]
    for index in range(len(network) - 2, -1, -1):
        own = abs(network[index].activation.derivative(step.net_inputs[index]))
        sums.insert(0, own * (sums[0] @ abs(network[index + 1].weights)))
    return sums


def _roundings(network: Network) -> int:
    """Return how many roundings lie on one way through the network, up and down again.

    A layer adds n_in products and sums and a bias, some 4 roundings of f, and those of f', magnified (MODERATE).
    """
    return 2 * sum(layer.weights.shape[1] + 1 + 4 + 15 for layer in network)


def _assert_deltas(network: Network, step: Step, y: Any, loss: str) -> None:
    for index, (got, size) in enumerate(zip(step.deltas, _path_sums(network, step, y, loss), strict=True)):
        expected = deltas_by_complex_step(network[index:], step.net_inputs[index], y, loss)
        allowed = _roundings(network[index:]) * U * size
        where = f"delta of layer {index + 1}"
        assert got.shape == expected.shape, f"{where}: shapes {got.shape} and {expected.shape}"
        assert (abs(got - expected) <= allowed).all(), f"{where}: {got}, by complex step {expected}, allowed {allowed}"


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_forward_formulas_give_the_deltas(pair: tuple[str, str], seed: int) -> None:
    """On random networks the complex step gives every delta of A1, within u for each rounding on the way."""
    network, x, y, loss = _setting(seed, pair)
    step = backpropagation(network, x, y, LOSSES[loss], 0.5)
    _assert_deltas(network, step, y, loss)


def _sign(_: Network, step: Step) -> list[Any]:
    return [-delta for delta in step.deltas]


def _factor(_: Network, step: Step) -> list[Any]:
    return [delta * (1 + 2.0**-36) for delta in step.deltas]


def _derivative_missing(network: Network, step: Step) -> list[Any]:
    above = step.deltas[-1] @ network[-1].weights
    return [*step.deltas[:-2], above, step.deltas[-1]]


def _derivative_twice(network: Network, step: Step) -> list[Any]:
    f, z = network[-2].activation, step.net_inputs[-2]
    return [*step.deltas[:-2], step.deltas[-2] * f.derivative(z), step.deltas[-1]]


def _updated_weights(network: Network, step: Step) -> list[Any]:
    f, z = network[-2].activation, step.net_inputs[-2]
    through = f.derivative(z) * (step.deltas[-1] @ step.network[-1].weights)
    return [*step.deltas[:-2], through, step.deltas[-1]]


@pytest.mark.parametrize("mistake", [_sign, _factor, _derivative_missing, _derivative_twice, _updated_weights])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_wrong_deltas_are_not_given(mistake: Callable[[Network, Step], list[Any]], pair: tuple[str, str]) -> None:
    """The twin: deltas with a mistake, down to one part in 10^10, are not what the complex step gives."""
    generator = np.random.default_rng(7)
    layers = [
        Layer(generator.uniform(0.2, 0.8, (2, 2)), generator.uniform(0.2, 0.4, 2), activation(name))
        for name in ("tanh", "sigmoid", pair[0])
    ]
    x, y = generator.uniform(0.2, 1, (2, 2)), np.array([[1.0, 0.0], [0.0, 1.0]])
    step = backpropagation(tuple(layers), x, y, LOSSES[pair[1]], 0.5)
    _assert_deltas(tuple(layers), step, y, pair[1])
    with pytest.raises(AssertionError, match="by complex step"):
        _assert_deltas(tuple(layers), replace(step, deltas=tuple(mistake(tuple(layers), step))), y, pair[1])


def test_the_shift_of_softmax_changes_nothing() -> None:
    """Shifted and literal softmax agree to the rounding of a handful of operations, and shifted does not overflow."""
    f, z = activation("softmax"), np.array([[1.0, -0.5, 0.25]], dtype=complex)
    assert (abs(_shifted(f, z) - f(z)) <= 8 * U * abs(f(z))).all()
    assert np.isfinite(_shifted(f, z + 1000)).all()
