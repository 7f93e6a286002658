"""Proofs of X1 to X6 and V1: the worked example at 40 digits against the numbers of worked_example.md.

Numbers are compared as text: ten decimals of the exact value, and the four that the notebook printed wherever it
rounded correctly (`MISPRINTED` lists where it did not).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy
from spec_proof import Formula, Proof, decimals

from backproof_spec import LOSSES, Network, Step, activation, example_network, example_sample, get_clause

Number = Callable[[Fraction], Any]

#: (exact to ten decimals, as printed in the notebook) of each quantity of worked_example.md
FORWARD = (
    (("0.6899744811", "0.69"), ("0.6224593312", "0.6225"), ("0.4750208125", "0.475")),
    (("0.4760175400", "0.476"), ("0.6836239111", "0.6836")),
    (("0.6718458612", "0.6718"),),
)
OUTPUT_DELTA = (("-0.3281541388", "-0.3282"),)
HIDDEN_DELTAS = (
    (("0.0011888942", "0.0012"), ("-0.0108522375", "-0.0109"), ("-0.0049557745", "-0.0050")),
    (("-0.0409248970", "-0.0409"), ("-0.0496817430", "-0.0497")),
)
WEIGHTS: Mapping[tuple[int, int, int], tuple[str, str]] = {
    (0, 0, 0): ("0.4994055529", "0.4994"),
    (0, 1, 0): ("-0.1945738812", "-0.1945"),
    (1, 0, 0): ("-0.4858814327", "-0.4859"),
    (1, 0, 1): ("0.4127370420", "0.4127"),
    (1, 1, 0): ("0.3171395674", "0.3171"),
    (1, 1, 1): ("0.6154624323", "0.6155"),
    (1, 1, 2): ("0.4117999310", "0.4118"),
    (2, 0, 0): ("0.5781035629", "0.5781"),
    (2, 0, 1): ("0.8121670079", "0.8121"),
}
BIASES = (("0.2994055529", "0.2994"), ("0.7054261188", "0.7054"), ("-0.0975221127", "-0.0975"))
SECOND_FORWARD = (
    (("0.6897201077", "0.6746"), ("0.6250062376", "0.6250"), ("0.4756387762", "0.4756")),
    (("0.4807198224", "0.4825"), ("0.6898190352", "0.6888")),
    (("0.6980763066", "0.6981"),),
)
MISPRINTED = {"0.8121670079", "-0.1945738812", "0.6897201077", "0.4807198224", "0.6898190352"}


def digits40(value: Fraction) -> Any:
    """Return a fraction as a SymPy number of 40 digits."""
    return sympy.Float(value.numerator, 40) / value.denominator


def assert_printed(value: Any, expected: tuple[str, str], what: str) -> None:
    """Assert that a number has these ten decimals, and that they round to what was printed unless it is a misprint."""
    exact, printed = expected
    assert decimals(value, 10) == exact, f"{what}: {decimals(value, 10)}, expected {exact}"
    places = len(printed.split(".")[1])
    assert (decimals(value, places) == printed) == (exact not in MISPRINTED), f"{what}: printed as {printed}"


def _assert_layers(got: Sequence[Any], expected: Sequence[Sequence[tuple[str, str]]], what: str) -> None:
    assert len(got) == len(expected), f"{what}: {len(got)} layers, expected {len(expected)}"
    for number, (layer, numbers) in enumerate(zip(got, expected, strict=True), start=1):
        assert layer.shape == (1, len(numbers)), f"{what} of layer {number}: shape {layer.shape}"
        for i, (value, text) in enumerate(zip(layer[0], numbers, strict=True)):
            assert_printed(value, text, f"{what} {i} of layer {number}")


def check_network(formula: Formula) -> None:
    """X1: the net inputs are those of worked_example.md, term by term, and no other edge or bias exists."""
    network = formula(sympy.Rational)
    assert [layer.activation.name for layer in network] == ["sigmoid"] * 3, "sigmoid everywhere"
    s, a1, a2, a3, a4, a5 = sympy.symbols("s a1 a2 a3 a4 a5")
    tenth = sympy.Rational(1, 10)
    inputs = (np.array([[s, sympy.Symbol("x2")]]), np.array([[a1, a2, a3]]), np.array([[a4, a5]]))
    expected = (
        [5 * tenth * s + 3 * tenth, -2 * tenth * s + 7 * tenth, -tenth],
        [-5 * tenth * a1 + 4 * tenth * a2, 3 * tenth * a1 + 6 * tenth * a2 + 4 * tenth * a3],
        [5 * tenth * a4 + 7 * tenth * a5],
    )
    edges = ([[1, 0], [1, 0], [0, 0]], [[1, 1, 0], [1, 1, 1]], [[1, 1]])
    assert len(network) == 3, f"{len(network)} layers"
    for layer, previous, values, mask in zip(network, inputs, expected, edges, strict=True):
        z, _ = get_clause("E1").function(layer.weights, layer.biases, previous, layer.activation)
        assert z[0].tolist() == values, f"net inputs {z[0]}, expected {values}"
        exists = np.ones(layer.weights.shape, bool) if layer.mask is None else layer.mask
        assert exists.astype(int).tolist() == mask, f"edges {exists.tolist()}, expected {mask}"
    assert [layer.biases is None for layer in network] == [False, True, True], "biases in the first layer only"


def check_forward(formula: Formula) -> None:
    """X2: the first forward pass."""
    _assert_layers(formula(digits40), FORWARD, "activation")


def check_output_delta(formula: Formula) -> None:
    """X3: o - y."""
    _assert_layers([formula(digits40)], [OUTPUT_DELTA], "output delta")


def check_backward(formula: Formula) -> None:
    """X4: the hidden deltas."""
    _assert_layers(formula(digits40), HIDDEN_DELTAS, "delta")


def check_descent(formula: Formula) -> None:
    """X5: the updated weights and biases; edges that do not exist keep the weight 0."""
    network = formula(digits40)
    for index, layer in enumerate(network):
        for (i, j), value in np.ndenumerate(layer.weights):
            if (index, i, j) in WEIGHTS:
                assert_printed(value, WEIGHTS[index, i, j], f"w^{index + 1}[{i}, {j}]")
            else:
                assert value == 0, f"w^{index + 1}[{i}, {j}] does not exist and became {value}"
    for i, value in enumerate(network[0].biases):
        assert_printed(value, BIASES[i], f"b^1[{i}]")
    assert network[1].biases is None, "a bias was invented in layer 2"
    assert network[2].biases is None, "a bias was invented in layer 3"


def check_second_forward(formula: Formula) -> None:
    """X6: the second forward pass."""
    _assert_layers(formula(digits40), SECOND_FORWARD, "activation")


def check_vanishing_gradient(formula: Formula) -> None:
    """V1: true of the example's deltas, and true of others only if max |delta| grows from each layer to the next."""
    right = [np.array([[1, -2]]), np.array([[-3, 0], [1, 1]]), np.array([[-4]])]
    deltas = [*get_clause("X4").function(digits40), get_clause("X3").function(digits40)]
    assert formula(deltas) is True, "the example's deltas shrink towards the input"
    assert formula(right) is True, "the sign of a delta does not matter, its size does"
    for wrong in (right[::-1], [right[0], right[0]], [right[0], right[2], right[1]], [right[1], right[0], right[2]]):
        assert formula(wrong) is False, f"{[d.tolist() for d in wrong]} do not shrink"


def step(network: Network, number: Number) -> Step:
    """Return A1 on the example's sample."""
    x, y, alpha = example_sample(number)
    return get_clause("A1").function(network, x, y, LOSSES["log"], alpha)


def _dense(number: Number) -> Network:
    return example_network(number, dense=True)


def _biased(number: Number) -> Network:
    network = example_network(number)
    return tuple(
        layer if layer.biases is not None else replace(layer, biases=0 * layer.weights[:, 0]) for layer in network
    )


def _by_tanh(number: Number) -> Network:
    return tuple(replace(layer, activation=activation("tanh")) for layer in example_network(number))


def _inputs_exchanged(number: Number) -> Network:
    first, *rest = example_network(number)
    return (replace(first, weights=first.weights[:, ::-1], mask=first.mask[:, ::-1]), *rest)


def _mask_and_value(number: Number) -> Network:
    first, second, last = example_network(number)
    return first, replace(second, weights=second.weights + number(Fraction(1, 10)), mask=None), last


def _double(number: Number) -> Callable[[Fraction], Any]:
    return lambda value: 2 * number(value)


def _without_derivative(number: Number) -> tuple[Any, Any]:
    _, second, last = example_network(number)
    top = get_clause("X3").function(number) @ last.weights
    return top @ second.weights, top


def _updated_first(number: Number) -> tuple[Any, Any]:
    new, right = get_clause("X5").function(number), step(example_network(number), number)
    a1, a2, _ = right.activations
    below = a2 * (1 - a2) * (right.deltas[2] @ new[2].weights)
    return a1 * (1 - a1) * (below @ new[1].weights), below


def _again(change: Callable[[Number], Network]) -> Formula:
    """Return X6 with a wrong network."""
    return lambda number: step(step(change(number), number).network, number).activations


PROOFS: Mapping[str, Proof] = {
    "X1": Proof(
        check_network,
        {"dense": _dense, "biases invented": _biased, "tanh": _by_tanh, "edge 3 -> 4 drawn": _mask_and_value},
    ),
    "X2": Proof(
        check_forward,
        {
            "second pass instead of the first": lambda number: get_clause("X6").function(number),
            "tanh": lambda number: step(_by_tanh(number), number).activations,
            "inputs exchanged": lambda number: step(_inputs_exchanged(number), number).activations,
            "edge 3 -> 4 drawn": lambda number: step(_mask_and_value(number), number).activations,
            "every number doubled": lambda number: get_clause("X2").function(_double(number)),
        },
    ),
    "X3": Proof(
        check_output_delta,
        {
            "sign": lambda number: -get_clause("X3").function(number),
            "derivative of the sigmoid kept": lambda number: (
                get_clause("X3").function(number) * get_clause("E20").function(get_clause("X2").function(number)[-1])
            ),
            "factor 2 added": lambda number: 2 * get_clause("X3").function(number),
        },
    ),
    "X4": Proof(
        check_backward,
        {
            "derivative missing": _without_derivative,
            "updated weights used": _updated_first,
            "layers in reverse order": lambda number: get_clause("X4").function(number)[::-1],
        },
    ),
    "X5": Proof(
        check_descent,
        {
            "not updated": example_network,
            "dense": lambda number: step(_dense(number), number).network,
            "biases invented": lambda number: step(_biased(number), number).network,
            "updated twice": lambda number: step(get_clause("X5").function(number), number).network,
        },
    ),
    "X6": Proof(
        check_second_forward,
        {
            "not updated": lambda number: get_clause("X2").function(number),
            "dense": _again(_dense),
            "biases invented": _again(_biased),
            "third pass": _again(lambda number: get_clause("X5").function(number)),
        },
    ),
    "V1": Proof(
        check_vanishing_gradient,
        {
            "sign counted": lambda deltas: all(bool(a.max() < b.max()) for a, b in pairwise(deltas)),
            "equal accepted": lambda deltas: all(bool(abs(a).max() <= abs(b).max()) for a, b in pairwise(deltas)),
            "first and last only": lambda deltas: bool(abs(deltas[0]).max() < abs(deltas[-1]).max()),
            "always": lambda _: True,
            "never": lambda _: False,
        },
    ),
}
