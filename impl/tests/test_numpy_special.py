"""The normal tail and density (`special`)."""

import math

import mpmath
import numpy as np
import pytest
from numpy_networks import DTYPES, roundoff
from tail_coefficients import DEGREES, coefficients

from backproof_numpy.special import BLOCK, COEFFICIENTS, LIMITS, normal_tail

# Q = P * G / (t + c): the exponential and its two factors 4 u, the polynomial and its variable 4 u,
# product, quotient, shift and the coefficients' rounding one each.
UNITS = 12


def evaluate(t):
    tail, density = np.empty_like(t), np.empty_like(t)
    normal_tail(t, tail, density)()
    return tail, density


def worst(got, exact):
    return max(abs(float((mpmath.mpf(float(g)) - e) / e)) for g, e in zip(got, exact, strict=True))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tail_and_density_are_accurate_relative_to_themselves(dtype):
    """Q and phi are right to a few units, everywhere down to the smallest normal number."""
    t = np.linspace(0, 37 if dtype == "float64" else 12.5, 4001).astype(dtype)
    tail, density = evaluate(t)
    with mpmath.workdps(40):
        exact = [mpmath.mpf(float(entry)) for entry in t]
        assert worst(tail, [mpmath.erfc(e / mpmath.sqrt(2)) / 2 for e in exact]) <= UNITS * roundoff(dtype)
        assert worst(density, [mpmath.npdf(e) for e in exact]) <= UNITS * roundoff(dtype)


def test_tail_agrees_with_math_erfc():
    """2 Q(t) is math.erfc(t / sqrt 2), whose rounded argument costs another 1.5 t^2 units."""
    t = np.linspace(0, 37, 1001)
    tail, _ = evaluate(t)
    for entry, q in zip(t.tolist(), tail.tolist(), strict=True):
        exact = math.erfc(entry / math.sqrt(2)) / 2
        assert abs(q - exact) <= (UNITS + 2 + 3 * entry**2) * roundoff("float64") * exact


def test_an_unsplit_square_would_fail():
    """The twin: exp(-t * t / 2) with the square rounded misses the bound."""
    t = np.linspace(20, 37, 1001)
    with mpmath.workdps(40):
        exact = [mpmath.npdf(mpmath.mpf(entry)) for entry in t]
        assert worst(np.exp(-t * t / 2) / math.sqrt(2 * math.pi), exact) > UNITS * roundoff("float64")


@pytest.mark.parametrize("dtype", DTYPES)
def test_tail_vanishes_at_the_limit(dtype):
    """At the limit Q is 0, so that larger arguments may be cut there."""
    tail, _ = evaluate(np.array([LIMITS[dtype]], dtype))
    assert tail[0] == 0
    assert tail.dtype == dtype


def test_blocks_join_seamlessly():
    """More elements than a block holds give what each gives alone."""
    t = np.linspace(0, 10, BLOCK + 5)
    tail, density = evaluate(t)
    for index in (0, BLOCK - 1, BLOCK, BLOCK + 4):
        alone = evaluate(t[index : index + 1].copy())
        assert (tail[index], density[index]) == (alone[0][0], alone[1][0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_coefficients_are_what_the_script_computes(dtype):
    """The stored coefficients are those of tail_coefficients.py, digit for digit.

    One degree less gives others.
    """
    assert COEFFICIENTS[dtype] == coefficients(DEGREES[dtype])
    assert COEFFICIENTS[dtype][1:] != coefficients(DEGREES[dtype] - 1)
