"""Every loss: its derivatives are those that SymPy takes, and its edge values are as stated; special forms refuse."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from spec_proof import assert_same
from spec_symbolic import derivative, symbols

from backproof_spec import (
    LOSSES,
    RULES,
    Loss,
    WrongPairError,
    activation,
    get_clause,
    output_deltas,
    single_sample_gradient,
)

FLOATS = [np.float32, np.float64]
SPECIAL = {"E23": ("identity", "squared"), "E24": ("sigmoid", "log"), "E25": ("softmax", "cross_entropy")}


def _diagonals(array: Any) -> Any:
    """Return the entries [s, i, s, i] of the derivatives [s, i] by [s, i]."""
    return np.array([[array[s, i, s, i] for i in range(array.shape[1])] for s in range(array.shape[0])])


@pytest.mark.parametrize("name", LOSSES)
def test_derivatives_are_derivatives(name: str) -> None:
    """dJ/do is SymPy's derivative of J, d2J/do2 that of dJ/do, and no sample acts on another."""
    loss, y, o = LOSSES[name], symbols("y", 2, 3), symbols("o", 2, 3)
    by_output = derivative(loss(y, o), o)
    assert_same(loss.derivative(y, o), [by_output[s, s] for s in range(2)], "dJ/do")
    assert_same([by_output[0, 1], by_output[1, 0]], np.zeros((2, 3), int), "dJ of one sample by another's outputs")
    assert_same(loss.second_derivative(y, o), _diagonals(derivative(loss.derivative(y, o), o)), "d2J/do2")


@pytest.mark.parametrize("name", LOSSES)
def test_altered_derivatives_are_rejected(name: str) -> None:
    """The twin: a derivative by the labels, or of half the loss, is not dJ/do."""
    loss, y, o = LOSSES[name], symbols("y", 1, 2), symbols("o", 1, 2)
    for wrong in (derivative(loss(y, o), y)[0], derivative(loss(y, o) / 2, o)[0]):
        with pytest.raises(AssertionError):
            assert_same(loss.derivative(y, o), wrong, "dJ/do")


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", LOSSES)
def test_shape_and_dtype_are_kept(name: str, dtype: type) -> None:
    """J is one number a sample, its derivatives one an output, all in the dtype of labels and outputs."""
    loss = LOSSES[name]
    y, o = np.array([[1, 0, 0.5], [0, 1, 0.25]], dtype), np.full((2, 3), 0.5, dtype)
    assert (loss(y, o).shape, loss(y, o).dtype) == ((2,), dtype)
    for formula in (loss.derivative, loss.second_derivative):
        assert (formula(y, o).shape, formula(y, o).dtype) == ((2, 3), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", LOSSES)
def test_labels_that_are_met_cost_nothing(name: str, dtype: type) -> None:
    """With o = y in {0, 1} the loss is exactly 0 and dJ/do finite, without a warning: 0 log 0 := 0, 0 / 0 := 0."""
    y, loss = np.array([[1, 0], [0, 1]], dtype), LOSSES[name]
    with np.errstate(all="raise"):
        assert loss(y, y).tolist() == [0, 0]
        assert np.isfinite(loss.derivative(y, y)).all()
        assert np.isfinite(loss.second_derivative(y, y)).all()


@pytest.mark.parametrize("name", ["log", "cross_entropy"])
def test_labels_that_are_missed_entirely_cost_infinity(name: str) -> None:
    """The twin: with o = 1 - y the loss is infinite and dJ/do is -infinity where y = 1."""
    y, loss = np.array([[1.0, 0.0]]), LOSSES[name]
    assert loss(y, 1 - y).tolist() == [np.inf]
    assert loss.derivative(y, 1 - y)[0, 0] == -np.inf


def test_values_by_hand() -> None:
    """Three losses of one sample, worked out by hand."""
    y, o = np.array([[1.0, 0.0]]), np.array([[0.25, 0.5]])
    assert LOSSES["squared"](y, o).tolist() == [0.8125]
    quarter, half = sympy.Rational(1, 4), sympy.Rational(1, 2)
    exact = np.array([[sympy.Integer(1), sympy.Integer(0)]]), np.array([[quarter, half]])
    assert_same(LOSSES["log"](*exact), [3 * sympy.log(2)], "log loss")
    assert_same(LOSSES["cross_entropy"](*exact), [2 * sympy.log(2)], "cross-entropy")


@pytest.mark.parametrize("name", LOSSES)
def test_nan_in_the_outputs_is_not_hidden(name: str) -> None:
    """An output that is NaN gives a loss that is NaN (but for cross-entropy where the label is 0)."""
    assert np.isnan(LOSSES[name](np.array([[1.0]]), np.array([[np.nan]]))).all()
    if name != "cross_entropy":
        assert np.isnan(LOSSES[name](np.array([[0.0]]), np.array([[np.nan]]))).all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_knows_its_clause_and_its_output_activation(name: str) -> None:
    """The loss is the function of its clause; log loss belongs to the sigmoid, cross-entropy to softmax."""
    loss = LOSSES[name]
    assert loss.name == name
    assert get_clause(loss.clause).function is loss.function
    assert loss.output_activation == {"log": "sigmoid", "cross_entropy": "softmax"}.get(name)


@pytest.mark.parametrize("clause", SPECIAL)
@pytest.mark.parametrize(("output", "loss"), list(product(RULES, LOSSES)))
def test_a_special_form_refuses_every_other_pair(clause: str, output: str, loss: str) -> None:
    """E23 to E25 answer for their own pair and refuse every other one by name, pointing to E22."""
    formula, y, o = get_clause(clause).function, np.array([[1.0, 0.0]]), np.array([[0.25, 0.75]])
    if (output, loss) == SPECIAL[clause]:
        factor = 2 if clause == "E23" else 1
        assert formula(activation(output), LOSSES[loss], y, o).tolist() == [[-0.75 * factor, 0.75 * factor]]
        return
    own, needed = SPECIAL[clause]
    message = f"{clause} holds for {own} with the {needed} loss only; {output} with the {loss} loss came: use E22"
    with pytest.raises(WrongPairError, match=message):
        formula(activation(output), LOSSES[loss], y, o)


@pytest.mark.parametrize(("output", "loss"), list(product(("identity", "relu", "softmax", "sigmoid"), LOSSES)))
def test_output_deltas_take_the_special_form_or_e22(output: str, loss: str) -> None:
    """`output_deltas` is o - y (or twice that) for exactly the three pairs, and E22 for every other one."""
    f, j = activation(output), LOSSES[loss]
    y, z = np.array([[1.0, 0.0]]), np.array([[0.5, 0.25]])
    o = f(z)
    got = output_deltas(f, j, y, z, o, 0.5)
    if (output, loss) in SPECIAL.values():
        assert (got == (0.5 if loss != "squared" else 1.0) * (o - y)).all()
    else:
        assert (got == get_clause("E22").function(j.derivative(y, o), f.derivative(z), 0.5)).all()


def test_one_sample_is_required_where_the_clause_says_so() -> None:
    """E8 refuses several samples and says which clause to use instead."""
    with pytest.raises(ValueError, match="E8 `single-sample-gradient` holds for one sample; 2 came: use E7"):
        single_sample_gradient(np.zeros((2, 1, 1)))


def test_a_new_loss_is_one_entry() -> None:
    """Any J with dJ/do serves: the absolute error, added in five lines, gives sign(o - y) f'(z) by E22."""
    absolute = Loss(
        name="absolute",
        clause="E3",
        function=lambda y, o: abs(o - y).sum(axis=-1),
        derivative=lambda y, o: np.sign(o - y),
        second_derivative=lambda y, o: 0 * (o - y),
    )
    y, z = np.array([[1.0, 0.0]]), np.array([[0.5, 0.25]])
    assert output_deltas(activation("identity"), absolute, y, z, z).tolist() == [[-1.0, 1.0]]
