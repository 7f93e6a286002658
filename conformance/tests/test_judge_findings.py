"""The comparison itself: pass only if error <= bound, element by element; a pass that says nothing is vacuous."""

from __future__ import annotations

import numpy as np
import pytest

from backproof.balls import balls, inflate
from backproof.judge.findings import Status, compare

ONE = balls(np.ones(3))
TINY = np.full(3, 2.0**-40)


def test_exactly_at_the_bound_passes_and_just_beyond_deviates():
    at = np.array([1.0, 1.0 + 2.0**-40, 1.0])
    assert compare(at, ONE, TINY).status is Status.PASSED
    beyond = np.array([1.0, np.nextafter(at[1], 2), 1.0])
    found = compare(beyond, ONE, TINY)
    assert (found.status, found.index) == (Status.DEVIATES, (1,))
    assert found.ratio > 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_passes(bad):
    assert compare(np.array([1.0, bad, 1.0]), ONE, np.full(3, 1e300)).status is Status.DEVIATES


def test_one_wrong_small_element_is_not_hidden_by_large_ones():
    """Element by element, never by norm."""
    reference, bound = np.array([1e10, 1e-10]), np.array([1.0, 1e-26])
    assert compare(np.array([1e10, 2e-10]), balls(reference), bound).index == (1,)
    assert compare(reference, balls(reference), bound).status is Status.PASSED


def test_a_pass_whose_every_element_is_unresolved_is_vacuous():
    """A tolerance of 1 % of the value is no check; one resolved element makes it one."""
    assert compare(np.ones(3), ONE, np.full(3, 1e-2)).status is Status.VACUOUS
    assert compare(np.ones(3), ONE, np.array([1e-2, 1e-2, 1e-9])).status is Status.PASSED


def test_an_exact_zero_is_checked_when_its_bound_is_of_underflow_size():
    smallest = float(np.finfo(float).tiny)
    zero = balls(np.zeros(2))
    assert compare(np.zeros(2), zero, np.full(2, 3 * smallest), smallest=smallest).status is Status.PASSED
    assert compare(np.zeros(2), zero, np.full(2, 1e-12), smallest=smallest).status is Status.VACUOUS
    assert compare(np.full(2, 1e-300), zero, np.full(2, 3 * smallest), smallest=smallest).status is Status.DEVIATES


def test_the_radius_of_the_reference_is_part_of_the_tolerance():
    wide = inflate(ONE, np.full(3, 0.25))
    assert compare(np.full(3, 1.2), wide, TINY).status is Status.VACUOUS
    assert compare(np.full(3, 1.3), wide, TINY).status is Status.DEVIATES


def test_the_reduced_tier_lies_between_passing_and_deviating():
    reduced = np.full(3, 2.0**-30)
    assert compare(np.full(3, 1 + 2.0**-31), ONE, TINY, reduced=reduced).status is Status.REDUCED
    assert compare(np.full(3, 1 + 2.0**-29), ONE, TINY, reduced=reduced).status is Status.DEVIATES


def test_a_loss_without_an_upper_limit_takes_any_finite_value_from_its_lower_one_on():
    reference, bound = np.array(balls(np.array(30.0)), dtype=object), np.array(1e-12)
    for value, status in (
        (35.0, Status.PASSED),
        (700.0, Status.PASSED),
        (29.0, Status.DEVIATES),
        (np.inf, Status.DEVIATES),
    ):
        assert compare(np.array(value), reference, bound, at_least=30.0).status is status
