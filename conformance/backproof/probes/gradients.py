"""What the samples say of a layer's gradient (E11): sums for the probes, and some rows and columns in full."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backproof.case import Case
from backproof.probes.draw import Draw, sums_with
from backproof.probes.sources import Array, Reader, Source, block_height, row_blocks


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


def sum_gradients(case: Case, number: int, below: Source, deltas: Source, chosen: Draw) -> GradientSums:
    """Return the sums over the samples, block by block; below: (B, n), deltas: (B, m)."""
    n, m, probes = case.widths[number - 1], case.widths[number], chosen.probes
    signs = chosen.signs(n, 10 * number)
    rows, columns = chosen.places(m, 10 * number + 1), chosen.places(n, 10 * number + 2)
    tall, wide = np.zeros((m, probes + len(columns))), np.zeros((len(rows), n))
    absolute_tall, absolute_wide = np.zeros((m, len(columns)), case.dtype), np.zeros((len(rows), n), case.dtype)
    by_row, biases, absolute_biases, squares = np.zeros(m), np.zeros(m), np.zeros(m), 0.0
    shape = (len(case.batches[0]), max(n, m))
    samples, errors = Reader(below, block_height(shape)), Reader(deltas, block_height(shape))
    for start, stop in row_blocks(shape):
        (given, a), (shown, delta) = samples(start, stop), errors(start, stop)
        tall += delta.T @ np.hstack([sums_with(a, signs), a[:, columns]])
        wide += delta[:, rows].T @ a
        biases += delta.sum(axis=0)
        by_row += np.einsum("bm,bm->m", delta, delta)
        squares += float(np.vdot(a, a))
        size, error = samples.absolute(given), errors.absolute(shown)
        absolute_wide += error[:, rows].T @ size
        absolute_tall += error.T @ size[:, columns]
        absolute_biases += error.sum(axis=0)
    return GradientSums(
        signs=signs,
        probe=tall[:, :probes],
        by_row=np.sqrt(by_row),
        norm=float(np.sqrt(squares)),
        rows=rows,
        columns=columns,
        in_rows=wide,
        absolute_rows=absolute_wide,
        in_columns=tall[:, probes:],
        absolute_columns=absolute_tall,
        biases=biases,
        absolute_biases=absolute_biases,
    )
