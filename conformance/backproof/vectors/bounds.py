"""The tolerance model's bounds around a vector's values, each rounded up to a power of two.

A power of two is written as its exponent: exact in any language, and the same on every machine, although the model
itself is evaluated in floats whose last bits depend on the machine's libm (GUARD keeps a bound that is nearly a power
of two from standing on either side of it).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.balls import distance
from backproof.case import Case
from backproof.truth import Truth, truth_of
from backproof.vectors.rounding import Rounded
from backproof.walk import Key

GUARD = 1 + 2.0**-20
U = 2.0**-53
COARSE = 16  # a limit from below is a multiple of 1 / COARSE, rounded down

TIERED = ("activations", "deltas", "loss")


def bounds(case: Case, rounded: Rounded, dtype: str) -> list[dict[Key, Any]]:
    """Return, by update and (quantity, layer), how far a correct program of `dtype` may be from the rounded values.

    The worst case of correct code, function values of reduced accuracy included; plus what rounding the case's numbers
    to float32 changes, where they are no float32; plus the rounding of the value itself. The loss of saturated outputs
    is a dictionary {"at_least": x}.
    """
    found = []
    for step, (expected, exact) in enumerate(zip(_widest(case.as_dtype(dtype)).steps, rounded.nodes, strict=True)):
        here: dict[Key, Any] = {}
        for key, value in rounded.values[step].items():
            goal = expected[key]
            if goal.at_least is not None:
                here[key] = {"at_least": float(np.floor((goal.at_least - 2.0**-20) * COARSE) / COARSE)}
                continue
            moved = distance(goal.exact - exact[key].reference, 0.0)
            with np.errstate(all="ignore"):
                here[key] = goal.worst + moved + np.where(goal.worst + moved > 0, U * np.abs(value), 0.0)
            if key[0] == "weight_gradients" and (mask := case.layers[key[1] - 1].mask) is not None:
                here[key] = np.where(mask, here[key], np.inf)  # not judged where there is no edge
        found.append(here)
    return found


def _widest(case: Case) -> Truth:
    steps, layers = range(1, len(case.batches) + 1), range(case.depth + 1)
    return truth_of(case, frozenset((step, name, layer) for step in steps for name in TIERED for layer in layers))


def exponents(limit: Any) -> Any:
    """Return a bound as a vector writes it: exponents, "exact" for 0, "any" for what is not bounded.

    Where every element has the same, it stands once for all of them.
    """
    if isinstance(limit, dict):
        return limit
    with np.errstate(all="ignore"):
        _, powers = np.frexp(np.asarray(limit) * GUARD)
    array = np.asarray(limit)
    words = np.where(array == 0, "exact", np.where(np.isfinite(array), "", "any"))
    joined = np.frompyfunc(lambda word, power: str(word) or int(power), 2, 1)(words, powers)
    return shared(joined.tolist() if isinstance(joined, np.ndarray) else joined)


def shared(tree: Any) -> Any:
    """Return the one bound that all elements of a tree of lists share, or the tree with its rows so shortened."""
    if not isinstance(tree, list):
        return tree
    rows = [shared(item) for item in tree]
    first = rows[0]
    return first if not isinstance(first, list) and all(row == first for row in rows) else rows
