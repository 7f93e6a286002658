"""Ball arithmetic under the spec: what is enclosed, what is restored, what the helpers return."""

from fractions import Fraction

import flint
import numpy as np
import pytest
from flint import arb

from backproof.balls import ball, balls, distance, doubtful, inflate, middle, precision, radius
from backproof.tolerance import Tolerance
from backproof_spec import RULES, elementary

U = Tolerance("float64").u
FUNCTION_ERROR = RULES["sigmoid"].function_error
LOW, HIGH = 64, 400

ONE_ARGUMENT = ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "normal_cdf", "pi")
POINTS = (0.0078125, 0.1, 0.75, 1.0, 3.5, 20.0)
NEGATIVE = (-6.25, -0.9, -1e-9)
TWO_ARGUMENTS = (("xlogy", 0.25, 0.75), ("xlogy", 0.0, 0.0), ("xdivy", 0.3, 0.7), ("xdivy", 0.0, 0.0))


def points_of(name):
    return POINTS if name in ("log", "sqrt") else POINTS + (() if name == "log1p" else NEGATIVE)


def call(name, *values, bits):
    with precision(bits):
        return getattr(elementary, name)(*(arb(value) for value in values))


def close(found, name, *points):
    """Whether a float is the function, up to c_f u of its value, at points that were rounded at most twice."""
    near = call(name, *(arb(point, 2 * U * abs(point)) for point in points), bits=HIGH)
    return (near * arb(1, FUNCTION_ERROR * U)).contains(arb(found))


def test_every_elementary_function_of_the_balls_is_proved_here():
    assert {*ONE_ARGUMENT, "xlogy", "xdivy", "by_sign"} == set(elementary.NAMES)


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_a_ball_encloses_the_value_of_higher_precision(name):
    for point in points_of(name):
        low, high = call(name, point, bits=LOW), call(name, point, bits=HIGH)
        assert low.contains(high), point
        assert low.rel_accuracy_bits() < high.rel_accuracy_bits() or low.is_exact()


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_the_balls_and_the_floats_are_the_same_function(name):
    for point in points_of(name):
        found = float(getattr(elementary, name)(np.array([point])).flat[0])
        assert close(found, name, point), point


def test_another_function_is_not_close():
    assert not close(float(np.expm1(0.1)), "exp", 0.1)
    assert not close(float(np.exp(0.1)) * (1 + 2 * FUNCTION_ERROR * U), "exp", 0.1)
    assert not call("exp", 0.1, bits=LOW).contains(call("expm1", 0.1, bits=HIGH))


@pytest.mark.parametrize("name", [name for name in ONE_ARGUMENT if name != "pi"])
def test_a_wide_ball_encloses_the_values_over_all_of_it(name):
    with precision(HIGH):
        wide = getattr(elementary, name)(arb(0.75, 0.25))
        for inside in (0.5, 0.625, 0.75, 0.999, 1.0):
            assert wide.contains(getattr(elementary, name)(arb(inside)))
        assert not wide.contains(getattr(elementary, name)(arb(2)))


@pytest.mark.parametrize(("name", "x", "y"), TWO_ARGUMENTS)
def test_zero_times_a_logarithm_and_zero_by_zero_are_zero(name, x, y):
    high = call(name, x, y, bits=HIGH)
    assert call(name, x, y, bits=LOW).contains(high)
    found = float(getattr(elementary, name)(np.array([x]), np.array([y]))[0])
    assert found == 0 == high if x == 0 else close(found, name, x, y)


def test_a_numerator_that_is_only_near_zero_is_no_zero():
    assert not call("xdivy", arb(0, 1e-30), arb(0), bits=LOW).is_finite()


@pytest.mark.parametrize(("z", "chosen"), [(-2.0, 10), (0.0, 20), (1e-300, 30)])
def test_by_sign_takes_one_branch_where_the_sign_is_known(z, chosen):
    assert elementary.by_sign(arb(z), arb(10), arb(20), arb(30)) == chosen


def test_by_sign_across_the_kink_is_the_hull_of_the_branches():
    hull = elementary.by_sign(arb(0, 1e-20), arb(10), arb(20), arb(30))
    assert all(hull.contains(arb(branch)) for branch in (10, 20, 30))
    assert not hull.contains(arb(9))
    assert not hull.contains(arb(31))


def test_precision_sets_the_bits_and_restores_those_before():
    before = flint.ctx.prec
    with precision(before + 100):
        assert flint.ctx.prec == before + 100
        with precision(LOW):
            assert flint.ctx.prec == LOW
        assert flint.ctx.prec == before + 100
    assert flint.ctx.prec == before


def fail_within(bits):
    with precision(bits):
        msg = "on purpose"
        raise ValueError(msg)


def test_precision_is_restored_after_an_error():
    before = flint.ctx.prec
    with pytest.raises(ValueError, match="on purpose"):
        fail_within(before + 7)
    assert flint.ctx.prec == before


def test_a_float_becomes_an_exact_ball_and_a_fraction_an_enclosing_one():
    assert ball(0.1).is_exact()
    assert ball(0.1) == arb(0.1)
    assert ball(np.float32(0.1)) == arb(float(np.float32(0.1)))
    assert ball(3) == 3
    third = ball(Fraction(1, 3))
    assert not third.is_exact()
    assert (third * 3).contains(arb(1))


def test_balls_keep_the_shape_and_have_no_radius():
    values = np.array([[0.1, -2.5, 3.0]])
    made = balls(values)
    assert (made.shape, made.dtype) == (values.shape, np.dtype(object))
    assert (middle(made) == values).all()
    assert (radius(made) == 0).all()


def test_inflate_grows_each_ball_by_its_own_radius():
    grown = inflate(balls([1.0, 2.0]), np.array([0.25, 0.0]))
    assert grown[0].contains(arb(1.25))
    assert grown[0].contains(arb(0.75))
    assert not grown[0].contains(arb(1.2501))
    assert radius(grown)[1] == 0
    assert (middle(grown) == [1.0, 2.0]).all()


@pytest.mark.parametrize("limit", [np.inf, np.nan])
def test_a_radius_that_is_not_finite_gives_the_whole_line(limit):
    grown = inflate(balls([1.0]), np.array([limit]))[0]
    assert grown.contains(arb(-(10**300)))
    assert not grown.is_finite()


def test_distance_is_taken_before_rounding_to_floats():
    with precision(192):
        third = np.array([arb(1) / 3], dtype=object)
        found = float(distance(third, [1 / 3])[0])
        assert 0 < found <= U / 2
        assert middle(third)[0] - 1 / 3 == 0
    assert distance(balls([[1.0], [4.0]]), np.array([[1.5], [4.0]])).tolist() == [[0.5], [0.0]]


def test_the_distance_to_nan_is_nan_never_zero():
    assert np.isnan(distance(balls([1.0]), [np.nan])).all()


def test_only_a_ball_around_zero_is_doubtful():
    around = np.array([arb(0), arb(0, 1e-9), arb(1, 1), arb(1, 0.5), arb(-3)], dtype=object)
    assert doubtful(around).tolist() == [False, True, True, False, False]
    assert doubtful(around).dtype == bool


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_floats_are_balls_of_radius_0(dtype):
    """What is asked of an array of floats is what its balls would say, to the bit, 0-d arrays included."""
    rng = np.random.default_rng(5)
    for shape in ((), (3,), (4, 5)):
        given, points = np.asarray(rng.normal(size=shape)).astype(dtype), np.asarray(rng.normal(size=shape))
        with precision(192):
            pairs = (
                (middle(given), middle(balls(given))),
                (radius(given), radius(balls(given))),
                (distance(given, points), distance(balls(given), points)),
            )
        for found, expected in pairs:
            assert found.dtype == np.float64
            assert found.shape == shape
            assert np.array_equal(found, expected)
    assert (distance(np.ones(3), np.ones(3) + 2 * U) > 0).all()  # the twin: no distance is lost
