"""Every activation: f' and f'' are the derivatives that SymPy takes, kinks are one-sided limits, floats behave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from spec_proof import assert_same
from spec_symbolic import derivative, symbols

from backproof_spec import LOSSES, RULES, Activation, Layer, activation, backpropagation

ALL = [
    *(activation(name) for name in RULES),
    activation("gelu", approximate="tanh"),
    activation("leaky_relu", slope=0.25),
    activation("elu", alpha=0.5),
]
ELEMENTWISE = [f for f in ALL if f.elementwise]
KINKED = [f for f in ALL if f.kink is not None]
SMOOTH = [f for f in ELEMENTWISE if f.kink is None]
FLOATS = [np.float32, np.float64]
SIDES = {"left": sympy.Symbol("z", negative=True), "right": sympy.Symbol("z", positive=True)}
GRID = np.linspace(-8, 8, 2049)


def _names(value: object) -> str | None:
    return str(value) if isinstance(value, Activation) else None


def _exact(f: Activation) -> Activation:
    """Return the activation with its parameters as symbols: what is proved holds for every slope and every alpha."""
    symbolic = {k: sympy.Symbol(k, positive=True) if isinstance(v, float) else v for k, v in f.parameters}
    return activation(f.name, **symbolic)


def _vanishes(expression: Any) -> bool:
    written = sympy.sympify(expression).rewrite(sympy.exp)
    return sympy.expand(expression) == 0 or sympy.cancel(sympy.together(written)) == 0


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("f", ELEMENTWISE, ids=_names)
def test_derivatives_are_derivatives(f: Activation, side: str) -> None:
    """On each side of 0, f' is SymPy's derivative of f and f'' that of f', as expressions, for every parameter."""
    z, g = SIDES[side], _exact(f)
    assert _vanishes(g.derivative(z) - sympy.diff(g(z), z))
    assert _vanishes(g.second_derivative(z) - sympy.diff(g.derivative(z), z))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("f", ELEMENTWISE, ids=_names)
def test_altered_derivatives_are_not_derivatives(f: Activation, side: str) -> None:
    """The twin: half the derivative, or f itself, or a constant more, is not accepted for f' (where they differ)."""
    z, g = SIDES[side], _exact(f)
    true = sympy.diff(g(z), z)
    assert not _vanishes(g.derivative(z) + 1 - true)
    assert not _vanishes(g(z) + 1 - true)
    assert true == 0 or not _vanishes(g.derivative(z) / 2 - true)


@pytest.mark.parametrize("f", SMOOTH, ids=_names)
def test_smooth_activations_are_smooth_at_zero(f: Activation) -> None:
    """Without a kink the formulas hold at 0 too: the one-sided limits of f and f' are the values at 0."""
    z = sympy.Symbol("z", real=True)
    for formula in (f, f.derivative, f.second_derivative):
        value = sympy.sympify(formula(sympy.Integer(0)))
        assert [sympy.simplify(sympy.limit(formula(z), z, 0, side) - value) for side in "+-"] == [0, 0]


@pytest.mark.parametrize("f", KINKED, ids=_names)
def test_kinks_are_one_sided_limits(f: Activation) -> None:
    """The pair of a kink is (f'(0-), f'(0+)) for every parameter, f itself is continuous, and f(0) = 0."""
    g, (left, right) = _exact(f), SIDES.values()
    assert g.kink is not None
    assert g.kink == (
        sympy.limit(g.derivative(left), left, 0, "-"),
        sympy.limit(g.derivative(right), right, 0, "+"),
    )
    assert [sympy.limit(g(left), left, 0, "-"), sympy.limit(g(right), right, 0, "+")] == [0, 0]
    assert g(sympy.Integer(0)) == 0


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("f", KINKED, ids=_names)
def test_the_value_at_a_kink_is_the_chosen_one(f: Activation, dtype: type) -> None:
    """At 0 of either sign f' is f'(0-) or the value chosen; next to 0 it is f'(0-) or f'(0+), whatever is chosen."""
    assert f.kink is not None
    left, right = (dtype(value) for value in f.kink)
    zeros, near = np.array([0.0, -0.0], dtype), np.array([-1e-30, 1e-30], dtype)
    assert f.derivative(zeros).tolist() == [left, left]
    for chosen in (*f.kink, 0.5, 0):
        assert f.derivative(zeros, chosen).tolist() == [dtype(chosen)] * 2
        assert f.derivative(near, chosen).tolist() == [left, right]


@pytest.mark.parametrize("f", SMOOTH, ids=_names)
def test_a_choice_for_kinks_does_not_touch_smooth_activations(f: Activation) -> None:
    """A convention for f' at kinks changes nothing where there is no kink."""
    z = np.array([-1.0, 0.0, 1.0])
    assert (f.derivative(z, 123.0) == f.derivative(z)).all()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_softmax_jacobian_is_the_jacobian(k: int) -> None:
    """The softmax Jacobian is SymPy's derivative of every output by every net input, and the outputs sum to 1."""
    f, z = activation("softmax"), symbols("z", 1, k)
    assert_same(f.derivative(z)[0], derivative(f(z)[0], z[0]), "Jacobian", rational=True)
    assert_same(f(z).sum(axis=-1), [1], "sum", rational=True)


def test_an_altered_jacobian_is_rejected() -> None:
    """The twin: the diagonal alone, a (1 - a) as of a sigmoid, is not the Jacobian."""
    z = symbols("z", 1, 2)
    a = activation("softmax")(z)[0]
    with pytest.raises(AssertionError):
        assert_same(np.diag(a * (1 - a)), derivative(a, z[0]), "Jacobian", rational=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("f", ALL, ids=_names)
def test_shape_and_dtype_are_kept(f: Activation, dtype: type) -> None:
    """f, f', f'' and the error of f' keep shape and dtype; the softmax Jacobian has one axis more."""
    for shape in ((1, 1), (3, 2), (2, 3)):
        z = np.linspace(-2, 2, np.prod(shape)).reshape(shape).astype(dtype)
        assert (f(z).shape, f(z).dtype) == (shape, dtype)
        own = f.derivative(z)
        assert (own.shape, own.dtype) == (shape if f.elementwise else (*shape, shape[1]), dtype)
        if f.elementwise:
            for formula in (f.second_derivative, f.derivative_error):
                assert (formula(z).shape, formula(z).dtype) == (shape, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("f", ALL, ids=_names)
def test_the_complete_algorithm_keeps_the_dtype(f: Activation, loss: str, dtype: type) -> None:
    """Every array that A1 shows has the dtype of the network, for each activation as hidden and as output layer."""
    weights, biases = np.array([[0.5, -0.25], [0.125, 1.0]], dtype), np.array([0.25, -0.5], dtype)
    hidden = f if f.elementwise else activation("tanh")
    mask = np.array([[True, False], [True, True]])
    network = (Layer(weights * mask, biases, hidden, mask), Layer(weights, None, f))
    x, y = np.array([[0.5, 0.25], [1.0, 0.0]], dtype), np.array([[1.0, 0.0], [0.0, 1.0]], dtype)
    with np.errstate(all="ignore"):
        step = backpropagation(network, x, y, LOSSES[loss], 0.1, 0.5)
    arrays = [*step.net_inputs, *step.activations, *step.deltas, *step.weight_gradients, step.bias_gradients[0]]
    arrays += [step.loss, step.network[0].weights, step.network[0].biases, step.network[1].weights]
    assert {np.dtype(array.dtype) for array in arrays} == {np.dtype(dtype)}


@pytest.mark.parametrize("f", ELEMENTWISE, ids=_names)
def test_error_constants_are_sane(f: Activation) -> None:
    """The stated errors are finite and not negative, and 0 only where float arithmetic is exact."""
    assert 0 <= f.rule.function_error <= 16
    assert (f.rule.function_error == 0) == (f.name in ("identity", "relu"))
    errors = f.derivative_error(GRID)
    assert np.isfinite(errors).all()
    assert (errors >= 0).all()
    assert (errors == 0).all() == (f.name in ("identity", "relu", "leaky_relu"))


@pytest.mark.parametrize("f", ELEMENTWISE, ids=_names)
def test_float32_stays_within_the_stated_errors(f: Activation) -> None:
    """The literal formulas in float32 keep c_f u |a| (or 4 u max(1, |z|), reduced accuracy) and r against float64."""
    z, u = GRID.astype(np.float32), 2.0**-24
    exact = z.astype(np.float64)
    bound = np.maximum(f.rule.function_error * u * abs(f(exact)), 4 * u * np.maximum(1, abs(exact)))
    assert (abs(f(z) - f(exact)) <= bound).all()
    rounding_of_parameters = u * abs(f.derivative(exact))
    assert (abs(f.derivative(z) - f.derivative(exact)) <= u * f.derivative_error(exact) + rounding_of_parameters).all()


@pytest.mark.parametrize("f", [g for g in ELEMENTWISE if g.name != "identity"], ids=_names)
def test_large_net_inputs(f: Activation) -> None:
    """Far from 0, where the literal formulas do not overflow, f and f' have their limits."""
    z = np.array([-40.0, 40.0])
    limits = {
        "sigmoid": ([0, 1], [0, 0]),
        "tanh": ([-1, 1], [0, 0]),
        "elu": ([-dict(f.parameters).get("alpha", 0), 40], [0, 1]),
        "leaky_relu": ([-40 * dict(f.parameters).get("slope", 0), 40], [dict(f.parameters).get("slope", 0), 1]),
    }
    values, slopes = limits.get(f.name, ([0, 40], [0, 1]))
    spacing = 2.0**-52 * 40
    assert (abs(f(z) - values) <= spacing).all()
    assert (abs(f.derivative(z) - slopes) <= spacing).all()


@pytest.mark.parametrize("f", ALL, ids=_names)
def test_nan_stays_nan(f: Activation) -> None:
    """A net input that is NaN gives NaN: no formula hides it."""
    z = np.array([[np.nan, 1.0]])
    assert np.isnan(f(z)[0, 0])
    assert np.isnan(f.derivative(z).reshape(-1)[0])


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("swish", {}, r"activation 'swish': expected one of identity, sigmoid, tanh, relu, .*, softmax"),
        ("relu", {"slope": 1}, r"activation 'relu': unknown parameter 'slope'; it takes none"),
        ("elu", {"slope": 1, "beta": 2}, r"activation 'elu': unknown parameter 'beta'; it takes alpha"),
        ("gelu", {"approximate": True}, r"activation 'gelu': approximate must be 'none' or 'tanh', not True"),
    ],
)
def test_wrong_names_are_refused(name: str, parameters: dict[str, Any], message: str) -> None:
    """An unknown activation, parameter or approximation is refused, and the message says what is known."""
    with pytest.raises(ValueError, match=message):
        activation(name, **parameters)


def test_activations_are_told_apart_by_name_and_parameters() -> None:
    """Defaults are filled in, parameters are part of the identity and of the name."""
    assert activation("elu") == activation("elu", alpha=1.0)
    assert activation("elu") != activation("elu", alpha=0.5)
    assert str(activation("leaky_relu", slope=0.25)) == "leaky_relu(slope=0.25)"
    assert str(activation("tanh")) == "tanh"
    assert {f.name for f in ALL} == set(RULES)


@pytest.mark.parametrize("f", [g for g in ALL if g.rule.by_activation], ids=_names)
def test_the_derivative_can_be_taken_from_the_activation(f: Activation) -> None:
    """E20 and its like: f' from a = f(z) is f' from z, and from another activation it is not."""
    z = np.array([[-1.5, -0.25, 0.5, 2.0]])
    error = 16 * (np.abs(f.derivative_error(z)) if f.elementwise else 14) + 16
    assert (abs(f.derivative_by_activation(f(z)) - f.derivative(z)) <= 2.0**-53 * error).all()
    if f.name not in ("identity", "relu", "leaky_relu"):
        assert not (abs(f.derivative_by_activation(f(z) + 0.125) - f.derivative(z)) <= 2.0**-53 * error).all()


def test_the_derivative_of_gelu_cannot_be_taken_from_its_activation() -> None:
    """GELU is not monotonic: two net inputs share an activation, not a derivative."""
    with pytest.raises(TypeError, match="the derivative of gelu"):
        activation("gelu").derivative_by_activation(np.array([0.0]))
