"""Bars on one log scale: equal ratios are equal distances, zero and infinity have their places."""

import math

import pytest

from backproof.page.bars import Row, bars


def ends(*values, **options):
    return [bar.end for bar in bars("", [Row(str(value), value) for value in values], **options).rows]


def test_equal_ratios_are_equal_distances():
    one, two, three = ends(1e-3, 1e-1, 1e1)
    assert two - one == pytest.approx(three - two)
    assert one > 0


def test_another_ratio_is_another_distance():
    one, two, three = ends(1e-3, 1e-2, 1e1)
    assert abs((two - one) - (three - two)) > 1


def test_signs_are_left_out_zero_is_at_the_left_and_what_is_not_finite_at_the_right():
    assert ends(-0.5, 0.5)[0] == ends(-0.5, 0.5)[1]
    assert ends(0.0, 1.0)[0] == 0
    assert ends(math.inf, 1.0)[0] == ends(math.nan, 1.0)[0] == 100


def test_the_limit_and_the_second_values_are_on_the_scale():
    made = bars("", [Row("a", 1.0, second=1e-4)], limit=1e4)
    assert 0 < made.rows[0].second < made.rows[0].end < made.limit <= 100
    assert bars("", [Row("a", 1.0)]).limit is None


def test_ticks_are_powers_of_ten_in_order_and_few():
    made = bars("", [Row("a", 1e-17), Row("b", 3.0)])
    places = [place for place, _ in made.ticks]
    assert places == sorted(places)
    assert 2 <= len(places) <= 6
    assert ("10⁻¹⁸" in [label for _, label in made.ticks]) or ("1" in [label for _, label in made.ticks])


def test_nothing_finite_is_no_reason_to_fail():
    assert ends(0.0, math.inf) == [0.0, 100.0]
