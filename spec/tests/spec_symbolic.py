"""SymPy under the spec: elementary functions, undefined functions, and networks whose every number is a symbol.

The error of such a network is composed by the registered clauses E1 and E3 and then differentiated by SymPy. The
proofs compare what a clause says with that derivative, so nothing is believed because a formula says so.

Index conventions: as in the spec; weights (n_out, n_in), rows are samples, lists run over the layers 1..L.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import sympy

from backproof_spec import Layer, Network, elementary, get_clause


def _by_sign(z: Any, negative: Any, zero: Any, positive: Any) -> Any:
    return sympy.Piecewise((negative, z < 0), (zero, sympy.Eq(z, 0)), (positive, True))


elementary.register(
    sympy.Expr,
    {
        "exp": sympy.exp,
        "expm1": lambda x: sympy.exp(x) - 1,
        "log": sympy.log,
        "log1p": lambda x: sympy.log(1 + x),
        "sqrt": sympy.sqrt,
        "tanh": sympy.tanh,
        "normal_cdf": lambda x: sympy.erfc(-x / sympy.sqrt(2)) / 2,
        "pi": lambda _: sympy.pi,
        "xlogy": lambda x, y: sympy.Integer(0) if x.is_zero else x * sympy.log(y),
        "xdivy": lambda x, y: sympy.Integer(0) if x.is_zero else x / y,
        "by_sign": _by_sign,
    },
)


@cache
def undefined(name: str, arity: int) -> Any:
    """Return a function of which nothing is known but its name and the names of its partial derivatives.

    The partial derivative of f by its argument number i is the undefined function f_i, of the same arguments.
    """

    def fdiff(self: Any, argindex: int = 1) -> Any:
        return undefined(f"{name}_{argindex}", arity)(*self.args)

    return type(name, (sympy.Function,), {"nargs": arity, "fdiff": fdiff})


def symbols(name: str, *shape: int) -> Any:
    """Return an object array of distinct symbols name_0_0, name_0_1, ..."""
    return np.array(
        [sympy.Symbol("_".join([name, *map(str, index)])) for index in np.ndindex(*shape)], dtype=object
    ).reshape(shape)


def each(function: Callable[..., Any], *arrays: Any) -> Any:
    """Return `function` applied element by element, as an object array of the arrays' shape."""
    return np.frompyfunc(function, len(arrays), 1)(*arrays)


def derivative(of: Any, by: Any) -> Any:
    """Return d of / d by for every element of both: shape of.shape + by.shape."""
    tops, bottoms = np.asarray(of, dtype=object), np.asarray(by, dtype=object)
    quotients = [sympy.diff(top, bottom) for top in tops.ravel() for bottom in bottoms.ravel()]
    return np.array(quotients, dtype=object).reshape(tops.shape + bottoms.shape)


@dataclass(frozen=True)
class UndefinedActivation:
    """An element-wise activation of which nothing is known: a_i = f(z_i), with a derivative f_1."""

    name: str
    kink: None = None
    elementwise: bool = True

    def __call__(self, z: Any) -> Any:
        """Return f(z), element by element."""
        return each(undefined(self.name, 1), z)

    def derivative(self, z: Any, at_kink: Any = None) -> Any:  # noqa: ARG002 - the interface of Activation
        """Return f'(z), element by element."""
        return each(undefined(f"{self.name}_1", 1), z)


@dataclass(frozen=True)
class CoupledActivation:
    """An activation that is not element-wise, as softmax is not: o_i = g_i(z_1, ..., z_k), the g_i undefined."""

    name: str
    kink: None = None
    elementwise: bool = False

    def __call__(self, z: Any) -> Any:
        """Return g_i(z_1..z_k) of each sample; (batch, k)."""
        return np.array([[undefined(f"{self.name}{i}", len(row))(*row) for i in range(len(row))] for row in z])

    def derivative(self, z: Any, at_kink: Any = None) -> Any:  # noqa: ARG002 - the interface of Activation
        """Return the Jacobian dg_i/dz_j of each sample; (batch, k, k)."""
        k = z.shape[1]
        return np.array(
            [[[undefined(f"{self.name}{i}_{j + 1}", k)(*row) for j in range(k)] for i in range(k)] for row in z]
        )


@dataclass(frozen=True)
class UndefinedLoss:
    """A loss of which nothing is known: one number J(y_1..y_k, o_1..o_k) a sample."""

    name: str = "J"

    def __call__(self, labels: Any, outputs: Any) -> Any:
        """Return J of each sample; (batch,)."""
        arity = 2 * labels.shape[1]
        return np.array([undefined(self.name, arity)(*y, *o) for y, o in zip(labels, outputs, strict=True)])

    def derivative(self, labels: Any, outputs: Any) -> Any:
        """Return dJ/do_i of each sample; (batch, k)."""
        k = labels.shape[1]
        return np.array(
            [
                [undefined(f"{self.name}_{k + i + 1}", 2 * k)(*y, *o) for i in range(k)]
                for y, o in zip(labels, outputs, strict=True)
            ]
        )


@dataclass(frozen=True, eq=False)
class Composed:
    """A symbolic network with samples, its error composed by E1 and E3, and the derivatives that SymPy takes of it."""

    network: Network
    x: Any
    y: Any
    loss: Any
    net_inputs: tuple[Any, ...] = field(init=False)
    activations: tuple[Any, ...] = field(init=False)
    losses: Any = field(init=False)
    error: Any = field(init=False)
    deltas: tuple[Any, ...] = field(init=False)
    by_weights: tuple[Any, ...] = field(init=False)
    by_biases: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Compose the error and differentiate it."""
        net_inputs, activations = _forward(self.network, self.x)
        losses = self.loss(self.y, activations[-1])
        error = get_clause("E3").function(losses)
        found = {
            "net_inputs": tuple(net_inputs),
            "activations": tuple(activations),
            "losses": losses,
            "error": error,
            "by_weights": tuple(self._by_weights(error, layer) for layer in self.network),
            "by_biases": tuple(None if r.biases is None else derivative(error, r.biases) for r in self.network),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "deltas", tuple(self._delta(index) for index in range(len(self.network))))

    @staticmethod
    def _by_weights(error: Any, layer: Layer) -> Any:
        """Differentiate by the weights of the edges that exist; where none exists there is nothing to learn: 0."""
        edge = np.ones(layer.weights.shape, bool) if layer.mask is None else layer.mask
        zero = sympy.Integer(0)
        return each(lambda w, exists: sympy.diff(error, w) if exists else zero, layer.weights, edge)

    def _delta(self, index: int) -> Any:
        """Return dE/dz: the error as a function of this layer's net inputs alone, differentiated by them."""
        z = symbols("z", *self.net_inputs[index].shape)
        first = self.network[index].activation(z)
        rest = self.network[index + 1 :]
        outputs = _forward(rest, first)[1][-1] if rest else first
        tail = derivative(get_clause("E3").function(self.loss(self.y, outputs)), z)
        values = dict(zip(z.ravel(), self.net_inputs[index].ravel(), strict=True))
        return each(lambda delta: delta.xreplace(values), tail)

    def previous(self, index: int) -> Any:
        """Return the activations that the layer of this index is fed with; (batch, n_(l-1))."""
        return self.x if index == 0 else self.activations[index - 1]


def _forward(layers: Network, x: Any) -> tuple[list[Any], list[Any]]:
    net_inputs, activations = [], []
    for layer in layers:
        z, x = get_clause("E1").function(layer.weights, layer.biases, x, layer.activation)
        net_inputs.append(z)
        activations.append(x)
    return net_inputs, activations


def symbolic_layer(index: int, n_in: int, n_out: int, activation: Any, *, masked: bool, biases: bool) -> Layer:
    """Return a layer of symbols; masked: about one edge of three does not exist, and its weight is exactly 0."""
    weights, mask = symbols(f"w{index}", n_out, n_in), None
    if masked:
        mask = np.array([[(i + 2 * j + index) % 3 != 0 for j in range(n_in)] for i in range(n_out)])
        weights = np.where(mask, weights, sympy.Integer(0))
    return Layer(weights, symbols(f"b{index}", n_out) if biases else None, activation, mask)


@cache
def composed(
    sizes: tuple[int, ...], batch: int = 1, *, masked: bool = False, biases: bool = True, coupled: bool = False
) -> Composed:
    """Return a network of undefined functions (another one in each layer) with an undefined loss.

    sizes: n_0, n_1, ..., n_L; coupled: the output layer is softmax-like, o_i = g_i(z_1..z_k).
    """
    last = len(sizes) - 2
    network = tuple(
        symbolic_layer(
            index,
            sizes[index],
            sizes[index + 1],
            CoupledActivation("g") if coupled and index == last else UndefinedActivation(f"f{index}"),
            masked=masked,
            biases=biases,
        )
        for index in range(len(sizes) - 1)
    )
    return Composed(network, symbols("x", batch, sizes[0]), symbols("y", batch, sizes[-1]), UndefinedLoss())
