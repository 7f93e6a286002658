"""From a probe that failed to the element that is wrong: one row of a product, recomputed in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from backproof.case import Case
from backproof.judge.findings import Finding, Status
from backproof.probes.models import Models
from backproof.probes.sources import Array, Source, as_source, row_blocks, whole
from backproof.probes.tally import Tally

Shown = Mapping[tuple[str, int], Source]


def located(case: Case, shown: Shown, models: Models, below: Source | None, tally: Tally) -> Finding:
    """Return the finding of a probe, at the element that is wrong where one alone is enough to fail.

    below: what layer `tally.layer` reads.
    """
    finding = tally.finding(case)
    if tally.status is not Status.DEVIATES or "random probes" not in tally.how:
        return finding
    row = tally.index[0]
    single = _row_in_full(case, shown, models, below, tally, row)
    if single is not None and single.status is Status.DEVIATES:
        return replace(single.finding(case), ratio=max(tally.ratio, single.ratio))
    text = (
        f"row {row}, summed with random signs, is {finding.got:.10g}; the equation gives {finding.expected:.10g} "
        f"(tolerance {finding.tolerance:.2g}), and no single element of it is out of bounds"
    )
    return replace(finding, index=(row,), message=text)


def _row_in_full(
    case: Case, shown: Shown, models: Models, below: Source | None, tally: Tally, row: int
) -> Tally | None:
    """Return the comparison of one row in full, or None where its gradient is not shown itself."""
    layer = tally.layer
    found = Tally(tally.clause, tally.quantity, layer, f"{tally.how}, then its row in full")
    at = np.array([row])
    if tally.quantity == "weight_gradients":
        gradient, deltas = shown.get(("weight_gradients", layer)), shown.get(("deltas", layer))
        if gradient is None or deltas is None or below is None:
            return None
        total, absolute = _by_samples(case, deltas, below, row)
        samples, scaled = len(case.batches[0]), models.scaled
        bounds = models.bounds(lambda model: model.gradient_of(samples, absolute, scaled=scaled))
        values = gradient.rows(row, row + 1).astype(np.float64)
        found.add(values, models.gradient * total, models.gradient * bounds[0], models.gradient * bounds[1], at)
        return found
    forward = tally.quantity == "net_inputs"
    source = below if forward else shown.get(("deltas", layer + 1))
    given = shown.get(("net_inputs" if forward else "activation_gradients", layer))
    if source is None or given is None:
        return None
    entry = case.layers[layer - 1 if forward else layer]
    total, absolute, terms = _by_weights(entry.weights, source.rows(row, row + 1).astype(np.float64), forward=forward)
    biases = whole(entry.biases).astype(np.float64) if forward and entry.biases is not None else np.zeros(1)
    total = total + biases
    bounds = models.bounds(lambda model: model.net_input_of(terms, absolute, np.abs(biases), total))
    found.add(given.rows(row, row + 1).astype(np.float64), total, *bounds, at)
    return found


def _by_samples(case: Case, deltas: Source, below: Source, row: int) -> tuple[Array, Array]:
    n = int(below.shape[1])
    total, absolute = np.zeros((1, n)), np.zeros((1, n))
    for start, stop in row_blocks((len(case.batches[0]), n)):
        a = below.rows(start, stop).astype(np.float64)
        delta = deltas.rows(start, stop)[:, row : row + 1].astype(np.float64).T
        total += delta @ a
        absolute += np.abs(delta) @ np.abs(a)
    return total, absolute


def _by_weights(values: object, row: Array, *, forward: bool) -> tuple[Array, Array, int]:
    weights = as_source(values)
    m, n = weights.shape
    total, absolute = np.zeros((1, m if forward else n)), np.zeros((1, m if forward else n))
    for start, stop in row_blocks((m, n)):
        w = weights.rows(start, stop).astype(np.float64)
        if forward:
            total[:, start:stop], absolute[:, start:stop] = row @ w.T, np.abs(row) @ np.abs(w).T
        else:
            total += row[:, start:stop] @ w
            absolute += np.abs(row[:, start:stop]) @ np.abs(w)
    return total, absolute, n if forward else m
