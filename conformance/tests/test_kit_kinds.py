"""Mistakes that are recognised by their kind: what has the kind is named, and what only looks near it is not."""

import numpy as np
import pytest

from backproof.diagnosis.kinds import KINDS, Errors

RANDOM = np.random.default_rng(2023)
VALUES = [RANDOM.normal(size=12) for _ in range(20)]


def found(change, key="weight_gradients"):
    """Return the errors that a change of right values makes; change: of a copy of the values."""
    wrong = [change(values.copy()) for values in VALUES]
    return [
        Errors((key, 1), False, (shown - values) / np.abs(values), shown, values)
        for shown, values in zip(wrong, VALUES, strict=True)
    ]


def names(errors):
    return [name for name, kind in KINDS.items() if kind(errors)]


def noise(size):
    random = np.random.default_rng(7)
    return lambda values: values * (1 + size * random.normal(size=values.shape))


def one_element(values):
    values[5] *= 1.01
    return values


def largest_dropped(values):
    values[np.abs(values).argmax()] = 0
    return values


def rows_off(values):
    """Return values of three rows, each with one error of its own: no race does that."""
    return values * np.repeat(1 + 1e-3 * RANDOM.normal(size=3), 4)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (noise(1e-3), ["noise-1e-3"]),
        (noise(1e-5), ["noise-1e-5"]),
        (noise(1e-1), []),
        (rows_off, []),
        (lambda values: values * 1.001, []),
        (one_element, ["gradient-one-bad-element"]),
        (largest_dropped, []),
    ],
    ids=["noise-1e-3", "noise-1e-5", "much noise", "rows", "a factor", "one element", "the largest element"],
)
def test_what_has_the_kind_is_named_and_what_is_near_it_is_not(change, wanted):
    assert names(found(change)) == wanted


def test_a_lower_precision_is_named_where_every_value_has_it_and_not_where_one_has_more():
    def through_half(values):
        return values.astype(np.float16).astype(float)

    def but_one(values):
        return np.append(through_half(values)[:-1], values[-1] * (1 + 1e-4))

    assert names(found(through_half, "activations")) == ["activations-through-float16"]
    assert names(found(but_one, "activations")) == []
