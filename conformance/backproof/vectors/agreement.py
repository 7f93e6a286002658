"""The oracles that agree on a vector, and by how much: the largest disagreement as a power of two of the bound.

Complex step in balls disagrees by the same number on every machine. Oracles of floats depend on the machine in their
last bits: a vector says of them that they lie within the float64 bound, 2^0, and every regeneration holds them to it
(autograd where torch is installed). Where the literal formulas overflow, the spec in floats is without that quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from math import ceil, log2
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.errors import OracleError
from backproof.truth import float_spec
from backproof.vectors.complex_step import complex_step_errors
from backproof.vectors.entry import Entry
from backproof.vectors.power import Yardstick, ratio
from backproof.walk import Key

FINEST = -64
AT_ZERO = "a net input is exactly 0: f'(0) is a convention"


def agreements(entry: Entry, bits: int, yardstick: Yardstick) -> dict[str, Any]:
    """Return what a vector says of its oracles.

    bits: the precision that proved its values; yardstick: all of them, with their float64 bounds. Raises OracleError
    where an oracle leaves the bound.
    """
    at_zero = "exact-zero" in entry.case.flags
    found: dict[str, Any] = {"ball arithmetic": {"bits": bits}}
    found["complex step"] = {"skipped": AT_ZERO} if at_zero else {"within": _complex_step(entry, bits, yardstick)}
    without = _within_the_bound(entry, "spec in floats", float_spec(entry.case), yardstick)
    found["spec in floats"] = {"within": 0} | ({"without": without} if without else {})
    if not at_zero and find_spec("torch") is not None:
        without = _within_the_bound(entry, "autograd", _autograd().steps(entry.case), yardstick)
        if without:
            msg = f"vector {entry.slug}: autograd gives {', '.join(without)} that are not finite"
            raise OracleError(msg)
    found["autograd"] = {"skipped": AT_ZERO} if at_zero else {"within": 0}
    return found


def _complex_step(entry: Entry, bits: int, yardstick: Yardstick) -> int:
    errors = complex_step_errors(entry.case, bits)
    largest = max(
        ratio(error, 0 * error, yardstick.limits[step][key])
        for step, values in enumerate(errors)
        for key, error in values.items()
    )
    _require(entry, "complex step", largest)
    return FINEST if largest == 0 else min(0, max(FINEST, ceil(log2(largest))))


@cache
def _autograd() -> Any:
    from backproof.autograd.oracle import AutogradOracle  # noqa: PLC0415 - torch takes seconds to import

    return AutogradOracle()


def _within_the_bound(entry: Entry, name: str, steps: Sequence[Mapping[Key, Array]], yardstick: Yardstick) -> list[str]:
    """Return the quantities that are not finite; hold all others to the bound."""
    largest, without = 0.0, set()
    for step, (values, limits) in enumerate(zip(yardstick.values, yardstick.limits, strict=True)):
        for key, value in values.items():
            got = steps[step][key]
            if not np.isfinite(got).all():
                without.add(key[0])
            else:
                largest = max(largest, ratio(got, value, limits[key]))
    _require(entry, name, largest)
    return sorted(without)


def _require(entry: Entry, name: str, largest: float) -> None:
    if not largest <= 1:
        msg = f"vector {entry.slug}: {name} is {largest:.3g} bounds away from the exact values"
        raise OracleError(msg)
