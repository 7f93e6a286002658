"""The elementary functions: one value for every kind of number, edge values as stated, and refusals that say why."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import spec_symbolic  # noqa: F401 - registers SymPy's functions
import sympy

from backproof_spec import elementary

ONE_ARGUMENT = [name for name in elementary.NAMES if name not in ("xlogy", "xdivy", "by_sign", "pi")]
FLOATS = [np.float32, np.float64]


@pytest.fixture(autouse=True)
def _registered_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test registers is gone after it."""
    monkeypatch.setattr(elementary, "_SCALARS", dict(elementary._SCALARS))


def _function(name: str) -> Any:
    return getattr(elementary, name)


@pytest.mark.parametrize("name", ONE_ARGUMENT)
@pytest.mark.parametrize("value", [0.25, 0.5, 0.75])
def test_floats_agree_with_sympy(name: str, value: float) -> None:
    """In float64 each function is within 4 u of the value that SymPy gives at 30 digits."""
    exact = sympy.N(_function(name)(sympy.Rational(value)), 30)
    got = float(_function(name)(np.array([value]))[0])
    assert abs(sympy.Float(got, 30) - exact) <= 4 * 2.0**-53 * abs(exact)


@pytest.mark.parametrize("name", ONE_ARGUMENT)
@pytest.mark.parametrize("value", [0.25, 0.5])
def test_another_function_would_not_agree(name: str, value: float) -> None:
    """The twin of the agreement: no function passes for another one."""
    exact = sympy.N(_function(name)(sympy.Rational(value)), 30)
    for other in set(ONE_ARGUMENT) - {name}:
        got = float(_function(other)(np.array([value]))[0])
        assert abs(sympy.Float(got, 30) - exact) > 4 * 2.0**-53 * abs(exact)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_shape_and_dtype_are_kept(name: str, dtype: type) -> None:
    """An array of any shape, an empty one too, gives an array of the same shape and dtype."""
    for shape in ((), (0,), (3,), (2, 3), (2, 0, 3)):
        got = _function(name)(np.full(shape, 0.5, dtype))
        assert np.shape(got) == shape
        assert got.dtype == dtype


@pytest.mark.parametrize("dtype", FLOATS)
def test_two_argument_functions_keep_the_dtype(dtype: type) -> None:
    """xlogy, xdivy, by_sign and pi stay in the dtype of the numbers, Python constants included."""
    z = np.array([-1, 0, 1], dtype)
    for got in (
        elementary.xlogy(z, z + 2),
        elementary.xdivy(z, z + 2),
        elementary.by_sign(z, 0.1, 0, 1),
        elementary.by_sign(z, np.float64(0.1), 0, 1),
        elementary.pi(z),
    ):
        assert got.dtype == dtype


def test_zero_times_anything_is_zero() -> None:
    """0 log 0 and 0 / 0 are 0 without a warning, for floats and for SymPy's exact zero."""
    zero, values = np.zeros(2), np.array([0.0, 0.5])
    with np.errstate(all="raise"):
        assert elementary.xlogy(zero, values).tolist() == [0, 0]
        assert elementary.xdivy(zero, values).tolist() == [0, 0]
    assert elementary.xlogy(sympy.Integer(0), sympy.Integer(0)) == 0
    assert elementary.xdivy(sympy.Integer(0), sympy.Integer(0)) == 0


def test_anything_else_at_zero_is_infinite() -> None:
    """The twin: x log 0 and x / 0 are infinite where x is not 0, and NaN in x stays NaN."""
    x = np.array([0.5, -0.5])
    assert elementary.xlogy(x, np.zeros(2)).tolist() == [-np.inf, np.inf]
    assert elementary.xdivy(x, np.zeros(2)).tolist() == [np.inf, -np.inf]
    assert np.isnan(elementary.xlogy(np.array([np.nan]), np.ones(1))).all()
    assert np.isnan(elementary.xdivy(np.array([np.nan]), np.ones(1))).all()


def test_selection_by_sign() -> None:
    """by_sign tells negative, zero (of either sign), positive and infinite apart, and NaN stays NaN."""
    z = np.array([-np.inf, -5e-324, -0.0, 0.0, 5e-324, np.inf, np.nan])
    got = elementary.by_sign(z, 10, 20, 30)
    assert got[:-1].tolist() == [10, 10, 20, 20, 30, 30]
    assert np.isnan(got[-1])
    assert elementary.by_sign(z[:3], z[:3], 2 * z[:3], 0).tolist() == [-np.inf, -5e-324, 0]


def test_integers_are_selected_as_floats() -> None:
    """An array of integers gives floats: 0.01 is not cut off to 0."""
    assert elementary.by_sign(np.array([-1, 0, 1]), 0.25, 0.5, 0.75).tolist() == [0.25, 0.5, 0.75]


@pytest.mark.parametrize(("value", "expected"), [(-2, 10), (0, 20), (sympy.Rational(1, 3), 30)])
def test_selection_by_sign_is_exact_for_sympy(value: Any, expected: int) -> None:
    """SymPy's numbers are selected by their exact sign."""
    assert elementary.by_sign(sympy.sympify(value), 10, 20, 30) == expected


def test_object_arrays_go_element_by_element() -> None:
    """An object array is handled by what was registered for its elements' type, in any shape."""
    x = np.array([[sympy.Integer(0), sympy.log(2)]])
    assert elementary.exp(x).tolist() == [[1, 2]]
    assert elementary.pi(x).tolist() == [[sympy.pi, sympy.pi]]


def test_a_registered_type_is_used_for_its_subclasses() -> None:
    """A type is registered with all names, and its subclasses are handled by it."""

    class Number(Fraction):
        pass

    def answer(*_: Any) -> str:
        return "asked"

    elementary.register(Fraction, dict.fromkeys(elementary.NAMES, answer))
    assert elementary.exp(Fraction(1)) == "asked"
    assert elementary.log(np.array([Number(1)], dtype=object)).tolist() == ["asked"]


@pytest.mark.parametrize(
    ("names", "differing"),
    [
        (set(elementary.NAMES) - {"tanh"}, "tanh"),
        (set(elementary.NAMES) | {"sine"}, "sine"),
        ((set(elementary.NAMES) - {"exp", "pi"}) | {"Exp"}, "Exp, exp, pi"),
        (set(), ", ".join(sorted(elementary.NAMES))),
    ],
)
def test_a_half_registered_type_is_refused(names: set[str], differing: str) -> None:
    """A missing or an unknown name is refused at once, and the message names it."""
    with pytest.raises(ValueError, match="elementary functions of Fraction: expected exactly exp, ") as caught:
        elementary.register(Fraction, dict.fromkeys(names, float))
    assert str(caught.value).endswith(f"; differing: {differing}")
    with pytest.raises(TypeError):
        elementary.exp(Fraction(1))


@pytest.mark.parametrize("value", [Fraction(1, 2), np.array([Fraction(1, 2)], dtype=object), "text"])
def test_a_type_that_is_not_registered_is_refused(value: Any) -> None:
    """The message names the type and what to do."""
    with pytest.raises(TypeError, match=r"no elementary functions for (Fraction|str); register them with"):
        elementary.exp(value)
