"""What the samples say of a layer's gradient (E11): sums for the probes, and some rows and columns in full."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backproof.case import Case
from backproof.probes.draw import Draw
from backproof.probes.place import MEMORY, Place
from backproof.probes.sources import ELEMENTS, Array, Source


@dataclass(slots=True)
class GradientSums:
    """Of G = delta^T a: G R (m, probes), the norms that bound it, and rows and columns with their absolute sums.

    signs: R (n, probes); rows, columns: their places; biases: sum of delta. Absolute sums are in the case's dtype.
    """

    signs: Array
    probe: Array
    by_row: Array
    norm: float
    rows: Array
    columns: Array
    in_rows: Array
    absolute_rows: Array
    in_columns: Array
    absolute_columns: Array
    biases: Array
    absolute_biases: Array


def sum_gradients(
    case: Case, number: int, below: Source, deltas: Source, chosen: Draw, place: Place = MEMORY
) -> GradientSums:
    """Return the sums over the samples, block by block; below: (B, n), deltas: (B, m)."""
    n, m, probes = case.widths[number - 1], case.widths[number], chosen.probes
    signs = chosen.signs(n, 10 * number)
    rows, columns = chosen.places(m, 10 * number + 1), chosen.places(n, 10 * number + 2)
    tall, wide = place.put(np.zeros((m, probes + len(columns)))), place.put(np.zeros((len(rows), n)))
    absolute_tall = place.put(np.zeros((m, len(columns)), case.dtype))
    absolute_wide = place.put(np.zeros((len(rows), n), case.dtype))
    by_row, biases, absolute_biases = (place.put(np.zeros(m)) for _ in range(3))
    squares, shape = 0.0, (len(case.batches[0]), max(n, m))
    samples, errors = place.reader(below, shape), place.reader(deltas, shape)
    there, chosen_rows, chosen_columns = place.put(signs), place.put(rows), place.put(columns)
    for start, stop in place.blocks(shape, ELEMENTS):
        (given, a), (shown, delta) = samples(start, stop), errors(start, stop)
        tall += delta.T @ place.beside(place.sums(a, there), a[:, chosen_columns])
        wide += delta[:, chosen_rows].T @ a
        biases += delta.sum(axis=0)
        by_row += place.squares(delta, axis=0)
        squares += place.square(a)
        size, error = samples.absolute(given), errors.absolute(shown)
        absolute_wide += place.rough(error[:, chosen_rows].T, size)
        absolute_tall += place.rough(error.T, size[:, chosen_columns])
        absolute_biases += error.sum(axis=0)
    found = place.get(tall)
    return GradientSums(
        signs=signs,
        probe=found[:, :probes],
        by_row=np.sqrt(place.get(by_row)),
        norm=float(np.sqrt(squares)),
        rows=rows,
        columns=columns,
        in_rows=place.get(wide),
        absolute_rows=place.get(absolute_wide),
        in_columns=found[:, probes:],
        absolute_columns=place.get(absolute_tall),
        biases=place.get(biases),
        absolute_biases=place.get(absolute_biases),
    )
