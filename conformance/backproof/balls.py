"""Ball arithmetic under the spec: python-flint's `arb`, an interval proved to contain the true value.

python-flint is the maintained binding of FLINT/Arb, the reference implementation of ball arithmetic.
Arrays of balls are NumPy object arrays, so that the clauses of the spec run on them as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from typing import Any

import flint
import numpy as np
from flint import arb

from backproof_spec import elementary

BITS = 192
MOST_BITS = 1 << 14

FLOATS = tuple(map(np.dtype, ("float64", "float32", "float16")))

Array = np.ndarray[Any, Any]


def _by_sign(z: arb, negative: Any, zero: Any, positive: Any) -> arb:
    if z > 0:
        return arb(positive)
    if z < 0:
        return arb(negative)
    if z == 0:
        return arb(zero)
    return arb(negative).union(arb(zero)).union(arb(positive))


def _is_zero(x: Any) -> bool:
    return bool(arb(x) == 0)


elementary.register(
    arb,
    {
        "exp": arb.exp,
        "expm1": arb.expm1,
        "log": arb.log,
        "log1p": arb.log1p,
        "sqrt": arb.sqrt,
        "tanh": arb.tanh,
        "normal_cdf": lambda x: (-x / arb(2).sqrt()).erfc() / 2,
        "pi": lambda _: arb.pi(),
        "xlogy": lambda x, y: arb(0) if _is_zero(x) else x * arb(y).log(),
        "xdivy": lambda x, y: arb(0) if _is_zero(x) else x / y,
        "by_sign": _by_sign,
    },
)


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Set the working precision of ball arithmetic, and restore what was there before."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def ball(value: Any) -> arb:
    """Return one number as a ball: a float exactly, a fraction enclosed."""
    if isinstance(value, Fraction):
        return arb(value.numerator) / value.denominator
    return arb(float(value)) if not isinstance(value, int | arb) else arb(value)


_ball = np.frompyfunc(ball, 1, 1)
_exactly = np.frompyfunc(arb, 1, 1)  # of a float: the same, in a fifth of the time
_around_zero = np.frompyfunc(partial(arb, 0), 1, 1)
_radius = np.frompyfunc(arb.rad, 1, 1)
_holds_zero = np.frompyfunc(lambda b: bool(b.contains(0)) and not bool(b == 0), 1, 1)


def balls(values: Any) -> Array:
    """Return an array of floats as balls of radius 0."""
    numbers = np.asarray(values)
    return np.asarray((_exactly if numbers.dtype in FLOATS else _ball)(numbers), dtype=object)


def inflate(values: Array, radius: Array) -> Array:
    """Return the balls, each grown by its radius; a radius that is not finite gives the whole line."""
    return np.asarray(values + np.asarray(_around_zero(radius)), dtype=object)


def middle(values: Any) -> Array:
    """Return the middles of the balls, rounded to float64; floats are their own."""
    return np.asarray(values).astype(np.float64, copy=False)


def radius(values: Any) -> Array:
    """Return the radii of the balls; that of floats is 0."""
    found = np.asarray(values)
    return np.zeros(found.shape) if found.dtype in FLOATS else np.asarray(_radius(found)).astype(np.float64)


def distance(values: Any, points: Any) -> Array:
    """Return |middle - point| for each ball or float, rounded to float64 once."""
    apart = np.asarray(values) - np.asarray(points, dtype=np.float64)
    return np.abs(np.asarray(apart).astype(np.float64, copy=False))


def doubtful(values: Array) -> Array:
    """Return where a ball contains 0 without being exactly 0: a kink there has no side."""
    return np.asarray(_holds_zero(values), dtype=bool)
