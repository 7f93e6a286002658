"""The oracles that agree on a vector, and by how much: the largest disagreement as a power of two of the bound.

Oracles of floats depend on the machine in their last bits, so that their disagreement is stated as a limit on a coarse
grid, 2^-2, 2^-1 or 2^0 of the float64 bound, with a factor of HEADROOM to spare. A stored limit stays as long as it
holds, and every regeneration holds it against the oracle again; without torch, autograd's stays unseen.
Where the literal formulas overflow, that oracle is without the quantity, which is said.
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
from backproof.vectors.rounding import Rounded
from backproof.walk import Key

HEADROOM = 4
FINEST = -2
COMPLEX_FINEST = -64
AT_ZERO = "a net input is exactly 0: f'(0) is a convention"


def agreements(entry: Entry, rounded: Rounded, yardstick: Yardstick, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a vector says of its oracles.

    stored: what it said before. Raises OracleError where an oracle leaves the bound, and where autograd has never been
    compared and torch is not installed.
    """
    case = entry.case
    found: dict[str, Any] = {"ball arithmetic": {"bits": rounded.bits}}
    errors = complex_step_errors(case, rounded.bits)
    if errors is None:
        found["complex step"] = {"skipped": AT_ZERO}
    else:
        largest = max(
            ratio(error, 0 * error, yardstick.limits[step][key])
            for step, values in enumerate(errors)
            for key, error in values.items()
        )
        found["complex step"] = {"within": _limit(entry, "complex step", largest, COMPLEX_FINEST, 1)}
    found["spec in floats"] = _of_floats(entry, "spec in floats", float_spec(case), yardstick, stored)
    if "exact-zero" in case.flags:
        found["autograd"] = {"skipped": AT_ZERO}
    elif find_spec("torch") is None:
        if "autograd" not in stored:
            msg = f"vector {entry.slug}: autograd has not been compared with it yet; regenerate where torch is installed"
            raise OracleError(msg)
        found["autograd"] = stored["autograd"]
    else:
        found["autograd"] = _of_floats(entry, "autograd", _autograd().steps(case), yardstick, stored)
    return found


@cache
def _autograd() -> Any:
    from backproof.autograd.oracle import AutogradOracle  # noqa: PLC0415 - torch takes seconds to import

    return AutogradOracle()


def _of_floats(
    entry: Entry,
    name: str,
    steps: Sequence[Mapping[Key, Array]],
    yardstick: Yardstick,
    stored: Mapping[str, Any],
) -> dict[str, Any]:
    largest, without = 0.0, set()
    for step, (values, limits) in enumerate(zip(yardstick.values, yardstick.limits, strict=True)):
        for key, value in values.items():
            got = steps[step].get(key)
            if got is not None and not np.isfinite(got).all():
                without.add(key[0])
            else:
                largest = max(largest, ratio(got, value, limits[key]))
    fresh = _limit(entry, name, largest, FINEST, HEADROOM)
    before = stored.get(name, {}).get("within")
    holds = before is not None and FINEST <= before <= 0 and largest <= 2.0**before and abs(before - fresh) <= 1
    found: dict[str, Any] = {"within": before if holds else fresh}
    return found | ({"without": sorted(without)} if without else {})


def _limit(entry: Entry, name: str, largest: float, finest: int, headroom: int) -> int:
    if not largest <= 1:
        msg = f"vector {entry.slug}: {name} is {largest:.3g} bounds away from the exact values"
        raise OracleError(msg)
    return finest if largest == 0 else min(0, max(finest, ceil(log2(headroom * largest))))
