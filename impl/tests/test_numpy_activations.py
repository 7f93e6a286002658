"""The activation functions and their derivatives (`activations`), in one-layer networks."""

import mpmath
import numpy as np
import pytest
from numpy_networks import DTYPES, ELEMENTWISE, assert_within, derivative, roundoff, value

from backproof_numpy import Layer, Network
from backproof_numpy.activations import ACTIVATIONS

SLOPE, ALPHA = 0.25, 0.5
# Units u of the functions relative to themselves, beyond what the rounding of a stored z accounts
# for.
UNITS = 12


def through(name, z, **options):
    """Return f(z) and f'(z), the latter as the kernel multiplies it onto a delta of ones."""
    layer = Layer(
        np.eye(1, dtype=z.dtype),
        activation=name.removesuffix("-tanh"),
        approximate="tanh" if name == "gelu-tanh" else "none",
        **{"slope": SLOPE, "alpha": ALPHA, **options},
    )
    network = Network([layer], loss="squared")
    result = network.backward(z[:, None], z[:, None])
    result.deltas[0][...] = 1
    network._workspace(len(z)).output.kernel.backward()  # the kernel alone, without a loss around it
    return result.outputs[:, 0], result.deltas[0][:, 0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_and_derivatives_follow_the_formulas(name, dtype):
    """Values agree with the textbook formulas.

    The error is bounded absolutely, by units of max(1, |z|).
    """
    z = np.linspace(-9, 9, 181).astype(dtype)
    f, slope = through(name, z)
    assert f.dtype == slope.dtype == dtype
    for z_i, f_i, s_i in zip(z.tolist(), f.tolist(), slope.tolist(), strict=True):
        tolerance = 2 * UNITS * roundoff(dtype) * max(1, abs(z_i))
        assert_within(f_i, value(name, z_i, SLOPE, ALPHA), tolerance)
        assert_within(s_i, derivative(name, z_i, SLOPE, ALPHA), tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "elu", "softplus", "gelu"])
def test_values_are_accurate_relative_to_themselves(name, dtype):
    """In the far tails, where the values are tiny, they are right to a few units *relative*."""
    z = np.concatenate([-np.geomspace(1e-6, 10, 200), np.geomspace(1e-6, 10, 200)]).astype(dtype)
    f, _ = through(name, z)
    with mpmath.workdps(60):
        exact_of = {
            "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
            "tanh": mpmath.tanh,
            "elu": lambda t: t if t > 0 else mpmath.mpf(ALPHA) * mpmath.expm1(t),
            "softplus": lambda t: mpmath.log1p(mpmath.exp(t)),
            "gelu": lambda t: t * mpmath.erfc(-t / mpmath.sqrt(2)) / 2,
        }[name]
        exact = [exact_of(mpmath.mpf(entry)) for entry in z.tolist()]
        worst = max(abs(float((f_i - e) / e)) for f_i, e in zip(f.tolist(), exact, strict=True))
    assert worst <= UNITS * roundoff(dtype)


def test_gelu_at_minus_six_through_tanh_precision_would_fail():
    """The twin: z (1 + erf(z / sqrt 2)) / 2, exact on paper, loses most digits at z = -6."""
    with mpmath.workdps(40):
        exact = float(-6 * mpmath.erfc(6 / mpmath.sqrt(2)) / 2)
    naive = -6 * (1 + float(mpmath.erf(-6 / mpmath.sqrt(2)))) / 2
    f, _ = through("gelu", np.array([-6.0]))
    assert abs(f[0] - exact) <= UNITS * roundoff("float64") * abs(exact) < abs(naive - exact)


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_gelu_is_as_accurate_as_its_argument(dtype):
    """The tanh GELU is a sigmoid of 2 g(z): UNITS plus 6 units for each unit of |2 g|."""
    z = np.linspace(-6, 6, 601).astype(dtype)
    f, _ = through("gelu-tanh", z)
    for z_i, f_i in zip(z.tolist(), f.tolist(), strict=True):
        with mpmath.workdps(60):
            t = mpmath.mpf(z_i)
            twice_g = 2 * mpmath.sqrt(2 / mpmath.pi) * (t + mpmath.mpf("0.044715") * t**3)
            exact = t / (1 + mpmath.exp(-twice_g))
            assert abs(f_i - exact) <= (UNITS + 6 * abs(twice_g)) * roundoff(dtype) * abs(exact)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("relu", 0), ("leaky_relu", SLOPE), ("elu", ALPHA), ("softplus", 0.5), ("gelu", 0.5)],
)
def test_derivative_at_zero_is_the_documented_one(name, expected):
    """f'(0) is 0 for relu, the slope for leaky_relu, alpha for elu, for both zeros.

    Another slope gives another value.
    """
    for zero in (0.0, -0.0):
        assert through(name, np.array([zero]))[1][0] == expected
    assert through("leaky_relu", np.array([0.0]), slope=2.0)[1][0] == 2


@pytest.mark.parametrize(("dtype", "extreme"), [("float64", 700.0), ("float32", 80.0)])
@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.filterwarnings("error")
def test_extreme_net_inputs_give_finite_values_without_warnings(name, dtype, extreme):
    """At z = +-700 (float64), +-80 (float32) nothing overflows, divides by zero or is invalid."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        f, slope = through(name, np.array([-extreme, extreme], dtype))
    assert np.isfinite(f).all()
    assert np.isfinite(slope).all()
    expected = {"sigmoid": 1, "tanh": 1}.get(name, extreme)
    assert f[1] == expected


@pytest.mark.parametrize(("dtype", "extreme"), [("float64", 700.0), ("float32", 80.0)])
def test_sigmoid_neither_overflows_nor_underflows(dtype, extreme):
    """With all errors raised, sigmoid(-z) is right where 1 - sigmoid(z) would be 0."""
    with np.errstate(all="raise"):
        f, _ = through("sigmoid", np.array([-extreme, extreme], dtype))
    with mpmath.workdps(40):
        exact = mpmath.exp(-mpmath.mpf(extreme))
    assert abs(f[0] - exact) <= UNITS * roundoff(dtype) * exact
    assert 1 - f[1] == 0


def test_the_literal_sigmoid_would_overflow():
    """The twin: 1 / (1 + exp(-z)) at z = -800 raises under the same conditions."""
    with np.errstate(over="raise"):
        assert 0 <= through("sigmoid", np.array([-800.0]))[0][0] < np.finfo(float).tiny * 2
        with pytest.raises(FloatingPointError):
            1 / (1 + np.exp(np.array([800.0])))


def test_the_registry_holds_exactly_the_documented_names():
    """Adding an activation is one entry; these are there and no others."""
    documented = {
        "identity",
        "sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "elu",
        "softplus",
        "gelu",
        "softmax",
    }
    assert set(ACTIVATIONS) == documented
