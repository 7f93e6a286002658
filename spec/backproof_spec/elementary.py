"""The elementary functions under the equations, for every kind of number.

The spec writes `exp(z)`; what runs depends on what z holds: float arrays use NumPy, object arrays use what was
registered for the type of their elements (ball numbers by the kit, SymPy expressions by the spec's tests), and any
other array type (a torch tensor) what was registered for that type. So one line is run, enclosed and proved.

Names: exp, expm1, log, log1p, sqrt, tanh and normal_cdf (the standard normal distribution) of one number; `pi` like a
number; `xlogy(x, y)` = x log y and `xdivy(x, y)` = x / y, both 0 where x = 0; `by_sign(z, negative, zero, positive)`
selects by the sign of z.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

NAMES = ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "normal_cdf", "pi", "xlogy", "xdivy", "by_sign")

_SCALARS: dict[type, Mapping[str, Callable[..., Any]]] = {}


def register(kind: type, functions: Mapping[str, Callable[..., Any]]) -> None:
    """Register the elementary functions of one type of number (or of one array type).

    Raises ValueError when a name is unknown or missing: a half-registered type would fail in the middle of a proof.
    """
    wrong = sorted(set(NAMES) ^ set(functions))
    if wrong:
        names = ", ".join(NAMES)
        msg = f"elementary functions of {kind.__name__}: expected exactly {names}; differing: {', '.join(wrong)}"
        raise ValueError(msg)
    _SCALARS[kind] = dict(functions)


def _functions_of(value: Any) -> Mapping[str, Callable[..., Any]]:
    for base in type(value).__mro__:
        if base in _SCALARS:
            return _SCALARS[base]
    msg = f"no elementary functions for {type(value).__name__}; register them with backproof_spec.elementary.register"
    raise TypeError(msg)


def _apply(name: str, *args: Any) -> Any:
    first = args[0]
    if isinstance(first, np.ndarray) and first.dtype == object:
        return np.frompyfunc(_functions_of(first.flat[0])[name], len(args), 1)(*args)
    if isinstance(first, (np.ndarray, np.floating, float, int)):
        return _FLOATS[name](*args)
    return _functions_of(first)[name](*args)


def _float_normal_cdf(x: Any) -> Any:
    values = np.asarray(x)
    flat = [math.erfc(-v / math.sqrt(2)) / 2 for v in values.ravel().tolist()]
    return np.array(flat).reshape(values.shape).astype(values.dtype)


def _float_xlogy(x: Any, y: Any) -> Any:
    with np.errstate(divide="ignore"):
        found = np.where(x == 0, np.zeros_like(y), x * np.log(np.where(x == 0, np.ones_like(y), y)))
    return np.where(np.isnan(y), y, found)


def _float_xdivy(x: Any, y: Any) -> Any:
    with np.errstate(divide="ignore"):
        found = np.where(x == 0, np.zeros_like(y), x / np.where(x == 0, np.ones_like(y), y))
    return np.where(np.isnan(y), y, found)


def _float_by_sign(z: Any, negative: Any, zero: Any, positive: Any) -> Any:
    values = np.asarray(z)
    kind = np.result_type(values, 1.0)  # integers become floats
    chosen = np.where(values > 0, np.asarray(positive, kind), np.asarray(negative, kind))
    for elsewhere, choice in ((values == 0, zero), (np.isnan(values), values)):
        if elsewhere.any():
            chosen = np.where(elsewhere, np.asarray(choice, kind), chosen)
    return chosen


_FLOATS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "normal_cdf": _float_normal_cdf,
    "pi": lambda x: np.asarray(x).dtype.type(np.pi),
    "xlogy": _float_xlogy,
    "xdivy": _float_xdivy,
    "by_sign": _float_by_sign,
}


def exp(x: Any) -> Any:
    """Return e^x, element by element."""
    return _apply("exp", x)


def expm1(x: Any) -> Any:
    """Return e^x - 1, element by element."""
    return _apply("expm1", x)


def log(x: Any) -> Any:
    """Return the natural logarithm of x, element by element."""
    return _apply("log", x)


def log1p(x: Any) -> Any:
    """Return log(1 + x), element by element."""
    return _apply("log1p", x)


def sqrt(x: Any) -> Any:
    """Return the square root of x, element by element."""
    return _apply("sqrt", x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent of x, element by element."""
    return _apply("tanh", x)


def normal_cdf(x: Any) -> Any:
    """Return the standard normal distribution function, erfc(-x / sqrt 2) / 2, element by element."""
    return _apply("normal_cdf", x)


def pi(x: Any) -> Any:
    """Return the number pi in the kind of number that x holds."""
    return _apply("pi", x)


def xlogy(x: Any, y: Any) -> Any:
    """Return x log y, and 0 where x = 0 (0 log 0 := 0), element by element."""
    return _apply("xlogy", x, y)


def xdivy(x: Any, y: Any) -> Any:
    """Return x / y, and 0 where x = 0 (0 / 0 := 0), element by element."""
    return _apply("xdivy", x, y)


def by_sign(z: Any, negative: Any, zero: Any, positive: Any) -> Any:
    """Return `negative` where z < 0, `zero` where z = 0 and `positive` where z > 0, element by element."""
    return _apply("by_sign", z, negative, zero, positive)
