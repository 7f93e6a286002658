"""Comparing a block by a part of its bounds first: only what that does not let pass gets the whole of its bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.probes.place import Place
from backproof.probes.sources import Array
from backproof.probes.tally import Tally
from backproof.tolerance import RESOLUTION

Bounds = Callable[[Array, Array], tuple[Array, Array]]


def compare(
    tally: Tally,
    values: Array,
    reference: Array,
    part: Array,
    bounds: Bounds,
    *,
    rows: Array,
    columns: Array,
) -> None:
    """Compare a block: an element within `part`, no more than either of its bounds, passes; infinity lets none pass.

    bounds: (expected, worst) of the elements at (rows, columns) of the block; rows, columns: what these are called.
    That a pass means something is shown by the bound of the element of the largest reference; if not there, by all.
    """
    if not values.size:
        return
    error = np.subtract(values, reference, dtype=np.float64)
    np.abs(error, out=error)
    error /= part
    largest = float(error.max())
    if largest <= 1 and tally.resolution <= RESOLUTION:
        tally.quick(largest, error.size, tally.resolution)
        return
    remaining = np.flatnonzero(~(error <= 1)) if not largest <= 1 else np.empty(0, np.intp)
    if tally.resolution > RESOLUTION:
        remaining = np.union1d(remaining, np.abs(reference).argmax())

    def add(chosen: Array) -> None:
        i, j = np.unravel_index(chosen, error.shape)
        at = np.stack([rows[i], columns[j]], axis=1)
        tally.add(values[i, j].astype(np.float64), reference[i, j], *bounds(i, j), at=at)

    add(remaining)
    if tally.resolution > RESOLUTION:
        add(np.setdiff1d(np.arange(error.size), remaining))
        return
    error.flat[remaining] = 0.0
    tally.quick(float(error.max()), error.size - len(remaining), tally.resolution)


def decide(
    tally: Tally,
    place: Place,
    values: Any,
    reference: Any,
    cheap: Any,
    full: Callable[..., tuple[Array, Array]],
    needs: tuple[Any, ...],
    start: int,
) -> None:
    """Compare a block in float64, element by element, by a first bound; where it fails, the row by its full bounds.

    full: (expected, worst) of rows, in memory, from the same rows of what it needs; start: the first row's index.
    """
    error = values - reference
    error = abs(error)
    error /= cheap
    largest = float(error.max())
    if largest <= 1:
        tally.quick(largest, int(np.prod(error.shape)))
        return
    rows = place.undecided(error)
    chosen = place.put(rows)
    bound, worst = full(*(place.get(item[chosen]) for item in needs))
    tally.add(place.get(values[chosen]), place.get(reference[chosen]), bound, worst, at=start + rows)
    others = np.setdiff1d(np.arange(len(error)), rows)
    if len(others):
        tally.quick(float(error[place.put(others)].max()), len(others) * error.shape[1])
