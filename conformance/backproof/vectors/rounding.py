"""The exact values of a case as float64, correctly rounded, and proved to be so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backproof.balls import Array, precision
from backproof.case import Case
from backproof.errors import OracleError
from backproof.truth import exact_nodes, needed_bits
from backproof.walk import Key, Node

MOST_BITS = 1 << 18  # a saturated output moves a weight that lies half-way between two floats by e^-50000


@dataclass(frozen=True, slots=True)
class Rounded:
    """The exact nodes of every update, their values as float64, and the precision that proved the rounding."""

    nodes: tuple[dict[Key, Node], ...]
    values: tuple[dict[Key, Array], ...]
    bits: int


def rounded_values(case: Case) -> Rounded:
    """Return every exact value of a case as the nearest float64; the precision is raised until that is proved.

    Raises OracleError where MOST_BITS are not enough.
    """
    bits = needed_bits(case)
    while bits <= MOST_BITS:
        with precision(bits):
            nodes = exact_nodes(case)
            values = [{key: nearest(node.reference) for key, node in step.items()} for step in nodes]
        if all(found is not None for step in values for found in step.values()):
            known = tuple({key: value for key, value in step.items() if value is not None} for step in values)
            return Rounded(tuple(nodes), known, bits)
        bits *= 2
    msg = f"case {case.slug!r}: {MOST_BITS} bits of ball arithmetic do not decide how its values round"
    raise OracleError(msg)


def nearest(values: Array) -> Array | None:
    """Return the float64 that both ends of each ball round to, or None where they differ; never -0."""
    array = np.asarray(values, dtype=object)
    low = np.asarray(_float(_lower(array)), dtype=np.float64)
    high = np.asarray(_float(_upper(array)), dtype=np.float64)
    return low + 0.0 if (low == high).all() else None


_lower = np.frompyfunc(lambda ball: ball.lower(), 1, 1)
_upper = np.frompyfunc(lambda ball: ball.upper(), 1, 1)
_float = np.frompyfunc(float, 1, 1)
