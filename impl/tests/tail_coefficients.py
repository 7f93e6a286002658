"""Compute the coefficients of `backproof_numpy.special` anew.

`python impl/tests/tail_coefficients.py` prints them.

The function fitted is (t + c) Q(t) exp(t^2 / 2), with Q(t) = erfc(t / sqrt 2) / 2 the normal tail,
in the variable s = 1 - 2 c / (t + c), which takes t = 0..infinity to s = -1..1. It is smooth and of
one size there, so that its Chebyshev series, computed with 40 digits and cut at a degree, is
accurate *relative* to Q however small Q is.
"""

import mpmath

SHIFT = 4
DEGREES = {"float64": 24, "float32": 9}
NODES = 40


def scaled_tail(s: mpmath.mpf) -> mpmath.mpf:
    """(t + c) Q(t) exp(t^2 / 2) at the t that belongs to s.

    Beyond t = 60 through the continued fraction of Mills's ratio.
    """
    t = 2 * SHIFT / (1 - s) - SHIFT
    if t < 60:
        return (t + SHIFT) * mpmath.erfc(t / mpmath.sqrt(2)) / 2 * mpmath.exp(t * t / 2)
    fraction = mpmath.mpf(0)
    for k in range(60, 0, -1):
        fraction = k / (t + fraction)
    return (t + SHIFT) / (t + fraction) / mpmath.sqrt(2 * mpmath.pi)


def coefficients(degree: int) -> tuple[float, ...]:
    """Return the coefficients in powers of s, highest first, each rounded to float64 once."""
    with mpmath.workdps(40):
        angles = [mpmath.pi * (k + mpmath.mpf(1) / 2) / NODES for k in range(NODES)]
        values = [scaled_tail(mpmath.cos(angle)) for angle in angles]
        series = [
            mpmath.fsum(value * mpmath.cos(j * angle) for value, angle in zip(values, angles, strict=True)) * 2 / NODES
            for j in range(degree + 1)
        ]
        series[0] /= 2
        powers = [mpmath.mpf(0)] * (degree + 1)
        before, now = [mpmath.mpf(1)], [mpmath.mpf(0), mpmath.mpf(1)]
        powers[0] += series[0]
        for factor in series[1:]:
            for k, entry in enumerate(now):
                powers[k] += factor * entry
            following = [mpmath.mpf(0), *(2 * entry for entry in now)]
            for k, entry in enumerate(before):
                following[k] -= entry
            before, now = now, following
        return tuple(float(power) for power in reversed(powers))


if __name__ == "__main__":
    for dtype, degree in DEGREES.items():
        print(dtype)
        for value in coefficients(degree):
            print(f"        {value!r},")
