"""Conventions: closed lists, their messages, and the factors that they put into the equations."""

import json
from fractions import Fraction
from itertools import product

import pytest

from backproof.conventions import CHOICES, MEANINGS, Conventions
from backproof.errors import UsageError

FACTORS, REDUCTIONS, DELTAS = (1, 0.5), ("sum", "mean"), ("error", "sample")
LOSSES, SIZES = ("squared", "log", "cross_entropy"), ((1, 1), (3, 1), (1, 5), (3, 5))
COMBINATIONS = list(product(FACTORS, REDUCTIONS, REDUCTIONS, DELTAS, LOSSES, SIZES))


def made(loss_factor, reduction, output_reduction, delta_of):
    return Conventions(
        loss_factor=loss_factor, reduction=reduction, output_reduction=output_reduction, delta_of=delta_of
    )


def test_the_defaults_are_the_first_named_and_the_articles():
    assert Conventions().declared() == {name: choices[0] for name, choices in CHOICES.items()}
    assert Conventions().error_scale("squared", 3, 7) == 1


def test_every_convention_has_a_meaning():
    assert list(CHOICES) == list(MEANINGS) == list(Conventions().declared())


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_is_taken_and_any_other_value_is_refused_with_the_list(name):
    for choice in CHOICES[name]:
        assert Conventions(**{name: choice}).declared()[name] == choice
    with pytest.raises(UsageError) as refused:
        Conventions(**{name: "sometimes"})
    message = str(refused.value)
    assert message.startswith(f"convention {name}='sometimes': expected one of ")
    assert all(repr(choice) in message for choice in CHOICES[name])
    assert MEANINGS[name] in message


@pytest.mark.parametrize(
    ("name", "value"), [("loss_factor", 2), ("batch_axis", 2), ("batch_axis", -1), ("reduction", None), ("kink", True)]
)
def test_a_value_of_the_right_type_is_refused_too(name, value):
    with pytest.raises(UsageError, match=f"convention {name}={value!r}: expected one of "):
        Conventions(**{name: value})


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_a_kink_may_be_a_number(value):
    assert Conventions(kink=value).kink == value
    with pytest.raises(UsageError, match="or a number"):
        Conventions(kink="middle")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_kink_that_is_no_finite_number_is_refused(value):
    with pytest.raises(UsageError, match="kink"):
        Conventions(kink=value)


def test_what_is_declared_can_be_written_as_json():
    json.dumps(Conventions(loss_factor=Fraction(1, 2)).declared())


def independent_error(loss, outputs, samples, *, half, mean, output_mean):
    """E = factor * sum of J, as a person reads the declaration."""
    factor = Fraction(1)
    if half and loss == "squared":
        factor = factor * Fraction(1, 2)
    if mean:
        factor = factor / samples
    if output_mean and loss in ("squared", "log"):
        factor = factor / outputs
    return factor


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_the_factor_of_the_error_and_its_split_between_deltas_and_gradients(combination):
    factor, reduction, output_reduction, delta_of, loss, (outputs, samples) = combination
    conventions = made(factor, reduction, output_reduction, delta_of)
    expected = independent_error(
        loss, outputs, samples, half=factor == 0.5, mean=reduction == "mean", output_mean=output_reduction == "mean"
    )
    assert conventions.error_scale(loss, outputs, samples) == expected
    per_sample = reduction == "mean" and delta_of == "sample"
    assert conventions.gradient_scale(samples) == (Fraction(1, samples) if per_sample else 1)
    assert conventions.delta_scale(loss, outputs, samples) == (expected * samples if per_sample else expected)


def test_the_factors_are_exact_fractions_and_differ_where_they_should():
    third = made(1, "mean", "sum", "error")
    assert third.error_scale("log", 1, 3) == Fraction(1, 3)
    assert third.error_scale("log", 1, 3) != Fraction(1 / 3)
    assert made(0.5, "sum", "sum", "error").error_scale("log", 1, 1) == 1
    assert made(1, "sum", "mean", "error").error_scale("cross_entropy", 4, 1) == 1
    assert made(1, "sum", "mean", "error").error_scale("squared", 4, 1) == Fraction(1, 4)
