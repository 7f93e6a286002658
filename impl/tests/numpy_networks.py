"""What the tests of backproof_numpy share.

a plain index-loop backpropagation, networks to run it on, and the rounding model.

The loops use Python floats (float64) and `math` only, one formula per line, and share nothing with
the package.

Rounding model: a quantity passes through at most `depth` layers; each contributes a product of at
most n + 1 terms and functions accurate to 10 units u, forward and backward, and the gradient sums
the batch. Errors stay below

    (2 * depth + 1) * (n + batch + 20) * u * (largest magnitude in the array),

which is `bound`; u is the unit roundoff of the dtype. Where terms cancel, their magnitude counts:
that of dE/do in the deltas and gradients (softmax's o (g - sum o g)), that of the summed terms in a
gradient.
"""

import itertools
import math
import re
from dataclasses import dataclass

import numpy as np
import pytest

from backproof_numpy import Layer, Network

ELEMENTWISE = (
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "gelu",
    "gelu-tanh",
)
PAIRS = (
    *((name, "squared") for name in (*ELEMENTWISE, "softmax")),
    ("sigmoid", "log"),
    ("softmax", "cross_entropy"),
)
DTYPES = ("float64", "float32")


def roundoff(dtype):
    """Return u of a dtype."""
    return float(np.finfo(dtype).eps) / 2


def bound(network, batch, array, terms=0.0):
    """Return the model's bound on the error of `array`'s elements, summed from terms so large."""
    layers = network.layers
    width = max(max(layer.n_in, layer.n_out) for layer in layers)
    size = max(terms, float(np.max(np.abs(array))))
    return (2 * len(layers) + 1) * (width + batch + 20) * roundoff(network.dtype) * size


def assert_within(got, expected, tolerance):
    """Pass only if every element is within the tolerance (NaN is not)."""
    error = np.max(np.abs(np.asarray(got, np.float64) - np.asarray(expected, np.float64)))
    assert error <= tolerance, f"error {error} above {tolerance}"


def gauss(z):
    """phi(z) by its definition."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def gate(z):
    """The argument g(z) of GELU's tanh approximation, and g'(z)."""
    factor = math.sqrt(2 / math.pi)
    return factor * (z + 0.044715 * z**3), factor * (1 + 3 * 0.044715 * z * z)


def value(name, z, slope, alpha):
    """f(z) of one neuron, by its textbook formula."""
    return {
        "identity": lambda: z,
        "sigmoid": lambda: 1 / (1 + math.exp(-z)),
        "tanh": lambda: math.tanh(z),
        "relu": lambda: max(z, 0.0),
        "leaky_relu": lambda: z if z > 0 else slope * z,
        "elu": lambda: z if z > 0 else alpha * math.expm1(z),
        "softplus": lambda: math.log1p(math.exp(z)),
        "gelu": lambda: z * math.erfc(-z / math.sqrt(2)) / 2,
        "gelu-tanh": lambda: z * (1 + math.tanh(gate(z)[0])) / 2,
    }[name]()


def derivative(name, z, slope, alpha):
    """f'(z) of one neuron, by its textbook formula."""
    return {
        "identity": lambda: 1.0,
        "sigmoid": lambda: math.exp(-z) / (1 + math.exp(-z)) ** 2,
        "tanh": lambda: 1 - math.tanh(z) ** 2,
        "relu": lambda: float(z > 0),
        "leaky_relu": lambda: 1.0 if z > 0 else slope,
        "elu": lambda: 1.0 if z > 0 else alpha * math.exp(z),
        "softplus": lambda: 1 / (1 + math.exp(-z)),
        "gelu": lambda: math.erfc(-z / math.sqrt(2)) / 2 + z * gauss(z),
        "gelu-tanh": lambda: (1 + math.tanh(gate(z)[0])) / 2 + z / 2 * gate(z)[1] / math.cosh(gate(z)[0]) ** 2,
    }[name]()


@dataclass
class Loops:
    """Everything a pass shows, computed neuron by neuron."""

    net_inputs: list
    activations: list
    deltas: list
    weight_gradients: list
    bias_gradients: list
    loss: float
    output_gradient: float


def kind(layer):
    """Return a layer's activation, with GELU's variant in its name."""
    return "gelu-tanh" if layer.activation == "gelu" and layer.approximate == "tanh" else layer.activation


def loops(network, x, y):  # noqa: C901, PLR0912  # one pass, to be read against the article
    """Backpropagate with plain index loops."""
    layers, n, k = network.layers, len(x), network.n_out
    scale = network.loss_factor
    scale /= n if network.reduction == "mean" else 1
    scale /= k if network.output_reduction == "mean" else 1
    shapes = [(n, layer.n_out) for layer in layers]
    z, a, delta = ([np.zeros(shape) for shape in shapes] for _ in range(3))
    weight_gradients = [np.zeros(layer.weights.shape) for layer in layers]
    bias_gradients = [np.zeros(layer.n_out) for layer in layers]
    loss = steepest = 0.0
    for s in range(n):
        previous = [float(entry) for entry in x[s]]
        for at, layer in enumerate(layers):
            for i in range(layer.n_out):
                z[at][s, i] = math.fsum(float(layer.weights[i, j]) * previous[j] for j in range(layer.n_in))
                z[at][s, i] += 0.0 if layer.biases is None else float(layer.biases[i])
            if layer.activation == "softmax":
                powers = [math.exp(entry) for entry in z[at][s]]
                a[at][s] = [power / math.fsum(powers) for power in powers]
            else:
                a[at][s] = [value(kind(layer), float(entry), layer.slope, layer.alpha) for entry in z[at][s]]
            previous = [float(entry) for entry in a[at][s]]
        o, labels = a[-1][s], [float(entry) for entry in y[s]]
        outputs = range(k)
        if network.loss == "squared":
            loss += math.fsum((labels[i] - o[i]) ** 2 for i in outputs)
            gradient = [2 * (o[i] - labels[i]) for i in outputs]
        elif network.loss == "log":
            rest = [value("sigmoid", -float(entry), 0, 0) for entry in z[-1][s]]
            loss -= math.fsum(labels[i] * math.log(o[i]) + (1 - labels[i]) * math.log(rest[i]) for i in outputs)
            gradient = [(1 - labels[i]) / rest[i] - labels[i] / o[i] for i in outputs]
        else:
            loss -= math.fsum(labels[i] * math.log(o[i]) for i in outputs)
            gradient = [-labels[i] / o[i] for i in outputs]
        steepest = max(steepest, *(abs(entry) * scale for entry in gradient))
        last = layers[-1]
        for i in outputs:
            if last.activation == "softmax":
                delta[-1][s, i] = math.fsum(gradient[j] * o[j] * ((i == j) - o[i]) for j in outputs)
            else:
                delta[-1][s, i] = gradient[i] * derivative(kind(last), float(z[-1][s, i]), last.slope, last.alpha)
            delta[-1][s, i] *= scale
        for at in range(len(layers) - 2, -1, -1):
            layer, above = layers[at], layers[at + 1]
            for j in range(layer.n_out):
                back = math.fsum(float(above.weights[i, j]) * delta[at + 1][s, i] for i in range(above.n_out))
                delta[at][s, j] = back * derivative(kind(layer), float(z[at][s, j]), layer.slope, layer.alpha)
        for at, layer in enumerate(layers):
            source = x[s] if at == 0 else a[at - 1][s]
            for i in range(layer.n_out):
                bias_gradients[at][i] += delta[at][s, i]
                for j in range(layer.n_in):
                    if layer.mask is None or layer.mask[i, j]:
                        weight_gradients[at][i, j] += delta[at][s, i] * float(source[j])
    return Loops(z, a, delta, weight_gradients, bias_gradients, loss * scale, steepest)


def random_network(hidden, output, loss, *, dtype="float64", seed=0, widths=(4, 5, 3, 3), masked=False, **options):
    """Return a network of the given activations, with biases in all layers but the last."""
    rng = np.random.default_rng(seed)
    layers = []
    for index, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        name = output if index == len(widths) - 2 else hidden
        mask = rng.random((n_out, n_in)) < 0.7 if masked else np.ones((n_out, n_in), bool)
        layers.append(
            Layer(
                (rng.normal(size=(n_out, n_in)) * mask).astype(dtype),
                None if index == len(widths) - 2 else rng.normal(size=n_out).astype(dtype),
                mask=mask if masked else None,
                activation=name.removesuffix("-tanh"),
                slope=0.2,
                alpha=0.7,
                approximate="tanh" if name == "gelu-tanh" else "none",
            )
        )
    return Network(layers, loss=loss, **options)


def random_data(network, n=6, seed=1):
    """Return samples and labels that suit the network's loss.

    The labels of a cross-entropy are eighths.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, network.n_in))
    if network.loss == "cross_entropy":
        y = np.full((n, network.n_out), 0.125)
        y[np.arange(n), rng.integers(0, network.n_out, n)] += 1 - 0.125 * network.n_out
    else:
        y = rng.random((n, network.n_out))
    return x.astype(network.dtype), y.astype(network.dtype)


def example_network(dtype="float64", *, dense=False):
    """Return the article's network; dense, the edges 3 -> 4 and x -> 3 exist with weight 0."""
    mask = (lambda _: None) if dense else (lambda rows: np.array(rows, bool))
    return Network(
        [
            Layer(
                np.array([[0.5, 0], [-0.2, 0], [0, 0]], dtype),
                np.array([0.3, 0.7, -0.1], dtype),
                mask=mask([[1, 1], [1, 1], [0, 1]]),
            ),
            Layer(
                np.array([[-0.5, 0.4, 0], [0.3, 0.6, 0.4]], dtype),
                mask=mask([[1, 1, 0], [1, 1, 1]]),
            ),
            Layer(np.array([[0.5, 0.7]], dtype)),
        ]
    )


def refuses(error, text):
    """Expect an error of exactly this class with exactly this text."""
    return pytest.raises(error, match=f"^{re.escape(text)}$")
