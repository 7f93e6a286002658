"""What a proof is: a check that only the right formula passes, and altered formulas that it must reject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import sympy

Formula = Callable[..., Any]


@dataclass(frozen=True)
class Proof:
    """A proof of one clause.

    check: raises AssertionError unless the formula it is given is right. altered: formulas with one named mistake each;
    a proof that accepts one of them proves nothing.
    """

    check: Callable[[Formula], None]
    altered: Mapping[str, Formula]


def assert_same(got: Any, expected: Any, what: str, *, rational: bool = False) -> None:
    """Assert that two arrays of expressions have one shape and are equal, element by element, as expressions.

    rational: compare as rational functions (of exponentials, logarithms, ...), not only as polynomials.
    """
    left, right = np.asarray(got, dtype=object), np.asarray(expected, dtype=object)
    assert left.shape == right.shape, f"{what}: shape {left.shape}, expected {right.shape}"
    for index in np.ndindex(left.shape):
        difference = sympy.expand(left[index] - right[index])
        if rational and difference != 0:
            difference = sympy.cancel(sympy.together(left[index] - right[index]))
        assert difference == 0, f"{what}{list(index)}: {left[index]}, expected {right[index]}"


def decimals(value: Any, places: int) -> str:
    """Return a number rounded to so many decimals, as text: the comparison that needs no tolerance."""
    return format(Decimal(str(sympy.N(value, 30))), f".{places}f")
