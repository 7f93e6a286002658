"""The helpers of the proofs deserve proofs of their own: undefined functions differentiate as functions do."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from spec_proof import assert_same, decimals
from spec_symbolic import UndefinedActivation, composed, derivative, symbols, undefined

X, Y = sympy.symbols("x y")


@pytest.mark.parametrize("concrete", [sympy.sin, sympy.exp, lambda v: v**3 - 2 * v])
def test_undefined_functions_obey_the_chain_rule(concrete: object) -> None:
    """Differentiating with an undefined f and then putting a function in is putting it in and then differentiating."""
    f, f_1 = undefined("f", 1), undefined("f_1", 1)
    slope = sympy.Lambda(X, sympy.diff(concrete(X), X))

    def put_in(expression: sympy.Expr) -> sympy.Expr:
        return expression.replace(f, concrete).replace(f_1, slope)

    nested = Y * f(X * f(X) + Y)
    assert sympy.expand(put_in(sympy.diff(nested, X)) - sympy.diff(put_in(nested), X)) == 0


def test_partial_derivatives_belong_to_their_arguments() -> None:
    """The partial derivative by the second argument is another function than that by the first."""
    g = undefined("g", 2)
    assert sympy.diff(g(X, Y**2), Y) == 2 * Y * undefined("g_2", 2)(X, Y**2)
    assert sympy.diff(g(X, X), X) == undefined("g_1", 2)(X, X) + undefined("g_2", 2)(X, X)


def test_nothing_is_known_of_an_undefined_function() -> None:
    """It is not linear, not even, not its own derivative, and not another undefined function."""
    f = undefined("f", 1)
    for wrong in (f(X + Y) - f(X) - f(Y), f(-X) - f(X), f(X) - undefined("f_1", 1)(X), f(X) - undefined("g", 1)(X)):
        assert sympy.expand(wrong) != 0


def test_every_layer_has_a_function_and_symbols_of_its_own() -> None:
    """A proof could not see layers exchanged if they shared anything; edges that do not exist are exactly 0."""
    setting = composed((2, 2, 2), 1, masked=True)
    first, second = setting.network
    assert first.activation != second.activation
    assert set(first.weights.ravel()) & set(second.weights.ravel()) <= {sympy.Integer(0)}
    for layer in setting.network:
        assert (layer.weights[~layer.mask] == 0).all()
        assert 0 < layer.mask.sum() < layer.mask.size


def test_derivatives_have_the_shape_of_both() -> None:
    """derivative(of, by)[s, i, t, j] is d of[s, i] / d by[t, j]."""
    z = symbols("z", 2, 3)
    jacobian = derivative(UndefinedActivation("f")(z), z)
    assert jacobian.shape == (2, 3, 2, 3)
    assert jacobian[1, 2, 1, 2] == undefined("f_1", 1)(z[1, 2])
    assert jacobian[1, 2, 0, 2] == 0


def test_comparison_fails_on_shape_and_on_value() -> None:
    """`assert_same` accepts equal expressions however written, and neither another shape nor another value."""
    assert_same([(X + Y) ** 2], [X**2 + 2 * X * Y + Y**2], "square")
    assert_same([1 / (1 + sympy.exp(-X))], [sympy.exp(X) / (1 + sympy.exp(X))], "sigmoid", rational=True)
    with pytest.raises(AssertionError, match=r"square: shape \(1, 1\), expected \(1,\)"):
        assert_same(np.array([[X]]), np.array([X]), "square")
    with pytest.raises(AssertionError, match=r"square\[0\]: x\*\*2, expected x\*\*2 \+ 1"):
        assert_same([X**2], [X**2 + 1], "square")


def test_decimals_are_rounded_exactly() -> None:
    """Decimals are those of the exact number, zeros included."""
    assert decimals(sympy.Rational(2, 3), 4) == "0.6667"
    assert decimals(-0.25, 3) == "-0.250"
