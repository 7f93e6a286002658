"""One-equation vectors: a single clause, a handful of numbers, computed by hand in one line.

The line's left side is arithmetic, its right side the first expected number; a test evaluates it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.vectors.entry import Entry
from backproof_spec import Layer, activation

FAMILY = "one-equation"
LEAKY = ("leaky_relu", {"slope": 0.25})
EDGES = [[True, False], [True, True]]

# clause, what, layers (weights, biases, activation[, mask]), x, y, loss, only, by hand, further options
TABLE: tuple[tuple[Any, ...], ...] = (
    ("e1", "net-input", [([[0.5, -0.25]], [0.125], "identity")],
     [[2.0, 4.0]], [[1.0]], "squared", [("net_inputs", 1)],
     "0.5 * 2 + -0.25 * 4 + 0.125 = 0.125"),
    ("e1", "without-bias", [([[1.5, -0.5]], None, "identity")],
     [[2.0, -3.0]], [[1.0]], "squared", [("net_inputs", 1)],
     "1.5 * 2 + -0.5 * -3 = 4.5"),
    ("e1", "missing-edge", [([[2.0, 0.0], [1.0, 3.0]], [0.5, -0.5], "identity", EDGES)],
     [[1.5, 4.0]], [[1.0, 1.0]], "squared", [("net_inputs", 1)],
     "2 * 1.5 + 0.5 = 3.5"),
    ("e1", "second-layer", [([[1.0], [2.0]], [0.0, -1.0], "identity"), ([[0.5, -0.75]], [0.25], "identity")],
     [[3.0]], [[1.0]], "squared", [("net_inputs", 2)],
     "0.5 * (1 * 3 + 0) + -0.75 * (2 * 3 - 1) + 0.25 = -2.0"),
    ("e1", "relu", [([[1.0], [-1.0]], [0.0, 0.0], "relu")],
     [[2.5]], [[1.0, 1.0]], "squared", [("activations", 1)],
     "1 * 2.5 = 2.5"),
    ("e1", "leaky-relu", [([[-1.0], [1.0]], [0.0, 0.0], LEAKY)],
     [[6.0]], [[1.0, 1.0]], "squared", [("activations", 1)],
     "0.25 * (-1 * 6) = -1.5"),
    ("e1", "softmax-of-equals", [([[1.0], [1.0], [1.0], [1.0]], None, "softmax")],
     [[3.0]], [[1.0, 0.0, 0.0, 0.0]], "cross_entropy", [("activations", 1)],
     "exp(3) / (4 * exp(3)) = 0.25"),
    ("e1", "tanh", [([[1.0]], [-0.5], "tanh")],
     [[1.0]], [[0.0]], "squared", [("activations", 1)],
     "(exp(0.5) - exp(-0.5)) / (exp(0.5) + exp(-0.5)) = 0.46211715726000973"),
    ("e3", "error-is-the-sum", [([[1.0]], None, "identity")],
     [[1.0], [2.0], [4.0]], [[0.0], [0.0], [1.0]], "squared", [("loss", 0)],
     "1 * 1 + 2 * 2 + 3 * 3 = 14.0"),
    ("e4", "squared-loss", [([[0.5]], [1.0], "identity")],
     [[3.0]], [[1.0]], "squared", [("loss", 0)],
     "(1 - (0.5 * 3 + 1)) * (1 - (0.5 * 3 + 1)) = 2.25"),
    ("e4", "two-outputs", [([[0.5], [-1.0]], [1.0, 0.0], "identity")],
     [[3.0]], [[1.0, -1.0]], "squared", [("loss", 0)],
     "1.5 * 1.5 + 2 * 2 = 6.25"),
    ("e5", "log-loss-at-one-half", [([[1.0, -2.0]], [0.5], "sigmoid")],
     [[1.5, 1.0]], [[1.0]], "log", [("loss", 0)],
     "log(2) = 0.6931471805599453"),
    ("e5", "log-loss-of-label-0", [([[1.0]], [0.0], "sigmoid")],
     [[2.0]], [[0.0]], "log", [("loss", 0)],
     "log(1 + exp(2)) = 2.1269280110429727"),
    ("e6", "cross-entropy-of-equals", [([[1.0], [1.0], [1.0], [1.0]], None, "softmax")],
     [[-2.0]], [[0.0, 0.0, 1.0, 0.0]], "cross_entropy", [("loss", 0)],
     "log(4) = 1.3862943611198906"),
    ("e6", "soft-labels", [([[1.0], [0.0]], None, "softmax")],
     [[2.0]], [[0.25, 0.75]], "cross_entropy", [("loss", 0)],
     "log(1 + exp(2)) - 0.25 * 2 = 1.6269280110429725"),
    ("e11", "gradient-is-delta-times-input", [([[0.5, 1.0]], [0.0], "identity")],
     [[2.0, -4.0]], [[1.0]], "squared", [("weight_gradients", 1)],
     "2 * (0.5 * 2 + 1 * -4 - 1) * 2 = -16.0"),
    ("e11", "sum-over-the-samples", [([[1.0]], [0.0], "identity")],
     [[1.0], [2.0], [-3.0]], [[0.0], [1.0], [1.0]], "squared", [("weight_gradients", 1)],
     "2 * 1 * 1 + 2 * 1 * 2 + 2 * -4 * -3 = 30.0"),
    ("e11", "bias-gradient-is-delta", [([[1.0]], [0.5], "identity")],
     [[2.0], [-1.0]], [[1.0], [1.0]], "squared", [("bias_gradients", 1)],
     "2 * (2.5 - 1) + 2 * (-0.5 - 1) + 0 = 0.0"),
    ("e11", "through-an-activation-below", [([[1.0]], [-1.0], "relu"), ([[2.0]], None, "identity")],
     [[4.0]], [[5.0]], "squared", [("weight_gradients", 2)],
     "2 * (2 * 3 - 5) * 3 = 6.0"),
    ("e17", "identity", [([[1.0], [2.0]], None, "identity"), ([[0.5, -1.5]], None, "identity")],
     [[1.0]], [[0.5]], "squared", [("deltas", 1)],
     "1 * 0.5 * (2 * (0.5 - 3 - 0.5)) = -3.0"),
    ("e17", "relu-on-and-off", [([[1.0], [-2.0]], None, "relu"), ([[0.5, 4.0]], [0.0], "identity")],
     [[3.0]], [[1.0]], "squared", [("deltas", 1)],
     "1 * 0.5 * (2 * (1.5 - 1)) = 0.5"),
    ("e17", "leaky-relu", [([[-1.0], [1.0]], None, LEAKY), ([[2.0, 1.0]], [0.0], "identity")],
     [[4.0]], [[0.0]], "squared", [("deltas", 1)],
     "0.25 * 2 * (2 * (2 * -1 + 4)) = 2.0"),
    ("e17", "sigmoid-at-0", [([[1.0]], [-1.0], "sigmoid"), ([[4.0]], None, "identity")],
     [[1.0]], [[0.5]], "squared", [("deltas", 1)],
     "0.25 * 4 * (2 * (4 * 0.5 - 0.5)) = 3.0"),
    ("e17", "tanh-at-0", [([[2.0]], [-1.0], "tanh"), ([[4.0]], [1.5], "identity")],
     [[0.5]], [[0.25]], "squared", [("deltas", 1)],
     "1 * 4 * (2 * (1.5 - 0.25)) = 10.0"),
    ("e17", "two-neurons-above", [([[1.0]], None, "identity"), ([[2.0], [-0.5]], None, "identity")],
     [[1.0]], [[1.0, 1.0]], "squared", [("deltas", 1)],
     "2 * (2 * (2 - 1)) + -0.5 * (2 * (-0.5 - 1)) = 5.5"),
    ("e18", "sigmoid-at-0", [([[3.0, -1.5]], None, "sigmoid")],
     [[1.0, 2.0]], [[1.0]], "log", [("activations", 1)],
     "1 / (1 + exp(0)) = 0.5"),
    ("e18", "sigmoid-both-sides", [([[1.0], [-1.0]], [0.5, 0.25], "sigmoid")],
     [[1.5]], [[1.0, 0.0]], "log", [("activations", 1)],
     "1 / (1 + exp(-2)) = 0.8807970779778824"),
    ("e22", "squared-loss-identity", [([[2.0]], [0.5], "identity")],
     [[1.5]], [[1.0]], "squared", [("deltas", 1)],
     "2 * (2 * 1.5 + 0.5 - 1) = 5.0"),
    ("e22", "log-loss-sigmoid", [([[1.0]], [-1.0], "sigmoid")],
     [[1.0]], [[1.0]], "log", [("deltas", 1)],
     "0.5 - 1 = -0.5"),
    ("e22", "cross-entropy-softmax", [([[1.0], [1.0]], None, "softmax")],
     [[1.0]], [[0.0, 1.0]], "cross_entropy", [("deltas", 1)],
     "0.5 - 0 = 0.5"),
    ("e22", "squared-loss-sigmoid-at-0", [([[1.0]], [-2.0], "sigmoid")],
     [[2.0]], [[0.0]], "squared", [("deltas", 1)],
     "2 * (0.5 - 0) * 0.25 = 0.25"),
    ("e22", "squared-loss-relu-off", [([[1.0], [1.0]], [-2.0, 1.0], "relu")],
     [[1.0]], [[3.0, 1.0]], "squared", [("deltas", 1)],
     "2 * (0 - 3) * 0 = 0.0"),
    ("e22", "squared-loss-softmax-of-equals", [([[1.0], [1.0]], None, "softmax")],
     [[1.0]], [[1.0, 0.0]], "squared", [("deltas", 1)],
     "0.5 * (2 * (0.5 - 1) - (0.5 * 2 * (0.5 - 1) + 0.5 * 2 * (0.5 - 0))) = -0.5"),
    ("e26", "weight-update", [([[2.0]], None, "identity")],
     [[1.0]], [[0.5]], "squared", [("weights", 1)],
     "2 - 0.25 * (2 * (2 - 0.5) * 1) = 1.25"),
    ("e26", "bias-update", [([[2.0]], [1.0], "identity")],
     [[1.0]], [[0.5]], "squared", [("biases", 1)],
     "1 - 0.25 * (2 * (2 + 1 - 0.5)) = -0.25"),
    ("m1", "two-epochs", [([[1.0]], None, "identity")],
     [[1.0], [2.0]], [[0.0], [1.0]], "squared", [("weights", 1)],
     "1 - 0.0625 * (2 * 1 * 1 + 2 * 1 * 2) = 0.625", {"batches": ((0, 1), (0, 1)), "rate": 0.0625}),
    ("m2", "second-sample-first", [([[1.0]], None, "identity")],
     [[1.0], [2.0]], [[0.0], [1.0]], "squared", [("weights", 1)],
     "1 - 0.125 * (2 * 1 * 2) = 0.5", {"batches": ((1,), (0,)), "rate": 0.125}),
    ("m3", "last-batch-of-one", [([[1.0]], None, "identity")],
     [[1.0], [2.0], [-1.0]], [[0.0], [1.0], [1.0]], "squared", [("weights", 1)],
     "1 - 0.0625 * (2 * 1 * 1 + 2 * -2 * -1) = 0.625", {"batches": ((0, 2), (1,)), "rate": 0.0625}),
)  # fmt: skip


def entries() -> Iterator[Entry]:
    """Yield the one-equation entries."""
    for clause, what, layers, x, y, loss, only, by_hand, *more in TABLE:
        options = more[0] if more else {}
        case = Case(
            slug=f"{clause}-{what}",
            title=f"{clause.upper()} by hand: {what.replace('-', ' ')}",
            layers=tuple(_layer(*spec) for spec in layers),
            x=np.array(x),
            y=np.array(y),
            loss=loss,
            learning_rate=options.get("rate", 0.25),
            batches=options.get("batches", (tuple(range(len(x))),)),
            flags=("exact-zero",) if options.get("zero") else (),
        )
        yield Entry(case=case, family=FAMILY, only=frozenset(only), by_hand=by_hand)


def _layer(weights: Any, biases: Any, rule: Any, mask: Any = None) -> Layer:
    name, parameters = (rule, {}) if isinstance(rule, str) else rule
    return Layer(
        np.array(weights),
        None if biases is None else np.array(biases),
        activation(name, **parameters),
        None if mask is None else np.array(mask),
    )
