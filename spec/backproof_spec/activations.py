"""Activation functions: each is one entry of `RULES`, a function with its derivative and its kink, if it has one.

The article allows "any activation function". To add one, write its entry here and its line in the tests.

Index conventions: z is (batch, n_l), or any shape for an element-wise activation. Constants are written as integers
and quotients, so that the same line is exact for ball numbers and SymPy expressions.

Besides the formulas an entry states the rounding model of a good implementation, in units of the roundoff u:
`function_error` (c_f: |error of f| <= c_f u |f|) and `derivative_error` (r / u: the absolute error of f', which an
implementation may take from z or from a).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof_spec.elementary import by_sign, exp, expm1, log1p, normal_cdf, pi, sqrt, tanh
from backproof_spec.sigmoid import sigmoid, sigmoid_activation_derivative, sigmoid_derivative

Formula = Callable[..., Any]


def _nothing(z: Any, **_: Any) -> Any:
    return 0 * z


def _refuse(_: Any) -> Any:
    msg = "softmax is not element-wise: its derivative is a Jacobian, and it has no f'' and no error of f'"
    raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class Rule:
    """The formulas of one activation: f, f', f'' (for error bounds), and what the bounds need to know.

    `by_activation` gives f' as a function of a = f(z), as E20 does for the sigmoid, where there is such a form.
    `kink` gives (f'(0-), f'(0+)) where the derivative jumps at 0; the formula of the derivative then takes
    `at_kink`, the value to use at exactly 0.
    """

    function: Formula
    derivative: Formula
    second_derivative: Formula = _nothing
    derivative_error: Formula = _nothing
    by_activation: Formula | None = None
    function_error: float = 10.0
    defaults: Mapping[str, Any] = field(default_factory=dict)
    kink: Callable[..., tuple[Any, Any]] | None = None
    elementwise: bool = True

    @property
    def piecewise_linear(self) -> bool:
        """Whether f' has neither an error of its own nor a curvature: identity, ReLU, leaky ReLU."""
        return self.second_derivative is _nothing and self.derivative_error is _nothing


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation function with its parameters (leaky slope, ELU alpha, GELU approximation)."""

    name: str
    parameters: tuple[tuple[str, Any], ...] = ()

    @property
    def rule(self) -> Rule:
        """The formulas of this activation."""
        return RULES[self.name]

    @property
    def elementwise(self) -> bool:
        """Whether a_i depends on z_i alone (softmax does not)."""
        return self.rule.elementwise

    @property
    def kink(self) -> tuple[Any, Any] | None:
        """(f'(0-), f'(0+)) where the derivative jumps at 0, else None."""
        return None if self.rule.kink is None else self.rule.kink(**dict(self.parameters))

    def __call__(self, z: Any) -> Any:
        """Return a = f(z); z and the result are (batch, n_l)."""
        return self.rule.function(z, **dict(self.parameters))

    def derivative(self, z: Any, at_kink: Any = None) -> Any:
        """Return f'(z), with the value `at_kink` (default: f'(0-)) at a kink; (batch, n_l)."""
        if self.kink is None:
            return self.rule.derivative(z, **dict(self.parameters))
        chosen = self.kink[0] if at_kink is None else at_kink
        return self.rule.derivative(z, at_kink=chosen, **dict(self.parameters))

    def derivative_by_activation(self, a: Any, at_kink: Any = None) -> Any:
        """Return f' from a = f(z), (batch, n_l); raises TypeError where f' is no function of a (GELU)."""
        formula = self.rule.by_activation
        if formula is None:
            msg = f"the derivative of {self} cannot be taken from its activation"
            raise TypeError(msg)
        if self.kink is None:
            return formula(a, **dict(self.parameters))
        return formula(a, at_kink=self.kink[0] if at_kink is None else at_kink, **dict(self.parameters))

    def second_derivative(self, z: Any) -> Any:
        """Return f''(z) away from kinks; (batch, n_l)."""
        return self.rule.second_derivative(z, **dict(self.parameters))

    def derivative_error(self, z: Any) -> Any:
        """Return r / u, the absolute error of f' in units of the roundoff; (batch, n_l)."""
        return self.rule.derivative_error(z, **dict(self.parameters))

    def __str__(self) -> str:
        """Return the name with its parameters, as in leaky_relu(slope=0.25)."""
        inner = ", ".join(f"{key}={value}" for key, value in self.parameters)
        return f"{self.name}({inner})" if inner else self.name


def _softmax(z: Any) -> Any:
    powers = exp(z)
    return powers / powers.sum(axis=-1, keepdims=True)


def _softmax_jacobian(z: Any) -> Any:
    return _softmax_jacobian_by_activation(_softmax(z))


def _softmax_jacobian_by_activation(a: Any) -> Any:
    """Return da_i/dz_j = a_i ([i = j] - a_j) for each sample: (batch, k, k)."""
    identity = np.eye(a.shape[-1], dtype=np.int8)  # int64 would turn float32 into float64
    return a[..., :, None] * (identity - a[..., None, :])


def _normal_density(z: Any) -> Any:
    return exp(-z * z / 2) / sqrt(2 * pi(z))


def _gelu_inner(z: Any) -> Any:
    return sqrt(2 / pi(z)) * (z + 44715 * z * z * z / 1000000)


def _gelu_inner_slope(z: Any) -> Any:
    return sqrt(2 / pi(z)) * (1 + 3 * 44715 * z * z / 1000000)


def _gelu(z: Any, approximate: str) -> Any:
    return z * normal_cdf(z) if approximate == "none" else z * (1 + tanh(_gelu_inner(z))) / 2


def _gelu_derivative(z: Any, approximate: str) -> Any:
    if approximate == "none":
        return normal_cdf(z) + z * _normal_density(z)
    t = tanh(_gelu_inner(z))
    return (1 + t) / 2 + z * (1 - t * t) * _gelu_inner_slope(z) / 2


def _gelu_second_derivative(z: Any, approximate: str) -> Any:
    if approximate == "none":
        return _normal_density(z) * (2 - z * z)
    t, slope = tanh(_gelu_inner(z)), _gelu_inner_slope(z)
    curvature = sqrt(2 / pi(z)) * 6 * 44715 * z / 1000000
    return (1 - t * t) * (slope + z * (curvature / 2 - t * slope * slope))


def _gelu_derivative_error(z: Any, approximate: str) -> Any:
    if approximate == "none":
        return 12 * (normal_cdf(z) + abs(z) * _normal_density(z))
    return 12 * (1 + abs(z) * _gelu_inner_slope(z))


def _leaky(z: Any, slope: Any) -> Any:
    return by_sign(z, slope * z, z, z)


def _elu(z: Any, alpha: Any) -> Any:
    return by_sign(z, alpha * expm1(_negative_part(z)), z, z)


def _negative_part(z: Any) -> Any:
    return by_sign(z, z, 0, 0)


def _elu_derivative(z: Any, alpha: Any, at_kink: Any) -> Any:
    return by_sign(z, alpha * exp(_negative_part(z)), at_kink, 1)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "identity": Rule(
            function=lambda z: z,
            derivative=lambda z: 0 * z + 1,
            by_activation=lambda a: 0 * a + 1,
            function_error=0.0,
        ),
        "sigmoid": Rule(
            function=sigmoid,
            derivative=sigmoid_derivative,
            by_activation=sigmoid_activation_derivative,
            second_derivative=lambda z: sigmoid_derivative(z) * (1 - 2 * sigmoid(z)),
            derivative_error=lambda z: 14 * sigmoid(z),
        ),
        "tanh": Rule(
            function=tanh,
            derivative=lambda z: 1 - tanh(z) * tanh(z),
            by_activation=lambda a: 1 - a * a,
            second_derivative=lambda z: -2 * tanh(z) * (1 - tanh(z) * tanh(z)),
            derivative_error=lambda z: 24 + 0 * z,
        ),
        "relu": Rule(
            function=lambda z: by_sign(z, 0, z, z),
            derivative=lambda z, at_kink: by_sign(z, 0, at_kink, 1),
            # ReLU alone forgets the sign of z where a = 0: there f' is 0 but for the kink itself.
            by_activation=lambda a, at_kink: by_sign(a, 0, 0 * at_kink, 1),
            function_error=0.0,
            kink=lambda: (0, 1),
        ),
        "leaky_relu": Rule(
            function=_leaky,
            derivative=lambda z, slope, at_kink: by_sign(z, slope, at_kink, 1),
            by_activation=lambda a, slope, at_kink: by_sign(a, slope, at_kink, 1),
            function_error=1.0,
            defaults={"slope": 0.01},
            kink=lambda slope: (slope, 1),
        ),
        "elu": Rule(
            function=_elu,
            derivative=_elu_derivative,
            by_activation=lambda a, alpha, at_kink: by_sign(a, a + alpha, at_kink, 1),
            second_derivative=lambda z, alpha: by_sign(z, alpha * exp(_negative_part(z)), alpha, 0),
            derivative_error=lambda z, alpha: by_sign(z, 14 * alpha, 14 * alpha, 0),
            defaults={"alpha": 1.0},
            kink=lambda alpha: (alpha, 1),
        ),
        "softplus": Rule(
            function=lambda z: log1p(exp(z)),
            derivative=sigmoid,
            by_activation=lambda a: -expm1(-a),
            second_derivative=sigmoid_derivative,
            derivative_error=lambda z: 14 * sigmoid(z),
        ),
        "gelu": Rule(
            function=_gelu,
            derivative=_gelu_derivative,
            second_derivative=_gelu_second_derivative,
            derivative_error=_gelu_derivative_error,
            defaults={"approximate": "none"},
        ),
        "softmax": Rule(
            function=_softmax,
            derivative=_softmax_jacobian,
            by_activation=_softmax_jacobian_by_activation,
            second_derivative=_refuse,
            derivative_error=_refuse,
            elementwise=False,
        ),
    },
)


def activation(name: str, **parameters: Any) -> Activation:
    """Return the activation of this name with its parameters, defaults filled in.

    Raises ValueError for an unknown name, an unknown parameter, or a GELU approximation that is neither
    "none" nor "tanh".
    """
    if name not in RULES:
        msg = f"activation {name!r}: expected one of {', '.join(RULES)}"
        raise ValueError(msg)
    defaults = RULES[name].defaults
    unknown = sorted(set(parameters) - set(defaults))
    if unknown:
        msg = f"activation {name!r}: unknown parameter {unknown[0]!r}; it takes {', '.join(defaults) or 'none'}"
        raise ValueError(msg)
    chosen = {**defaults, **parameters}
    if name == "gelu" and chosen["approximate"] not in ("none", "tanh"):
        msg = f"activation 'gelu': approximate must be 'none' or 'tanh', not {chosen['approximate']!r}"
        raise ValueError(msg)
    return Activation(name, tuple(sorted(chosen.items())))
