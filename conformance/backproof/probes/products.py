"""The products of a layer with the samples, by probes: z = W a + b (E1), and dE/da = W^T delta (E17)."""

from __future__ import annotations

import numpy as np

from backproof.case import Case
from backproof.probes.account import Sight
from backproof.probes.draw import Draw, sums_with
from backproof.probes.models import Models
from backproof.probes.parameters import ParameterSums
from backproof.probes.sight import sight
from backproof.probes.sources import Array, Reader, Source, block_height, row_blocks
from backproof.probes.tally import Tally
from backproof.tolerance import SCALE_TERMS, SHOWN_TERMS

Judgement = tuple[list[Tally], list[Sight]]


def judge_forward(
    case: Case, number: int, below: Source, z: Source, passed: ParameterSums, chosen: Draw, models: Models
) -> Judgement:
    """Judge E1: every sample by its sum with random signs, and some neurons in full."""
    m, n = case.widths[number], case.widths[number - 1]
    biases = np.zeros(m) if passed.biases is None else passed.biases
    probe = Tally("E1", "net_inputs", number, "random probes")
    full = Tally("E1", "net_inputs", number, "some neurons in full")
    right, absolute_rows = np.vstack([passed.by_left, passed.in_rows]), np.abs(passed.in_rows)
    constant = np.concatenate([biases @ passed.left, biases[passed.rows]])
    kept, probes, shape = _Kept(), chosen.probes, (len(case.batches[0]), max(n, m))
    samples, outputs = Reader(below, block_height(shape)), Reader(z, block_height(shape))
    for start, stop in row_blocks(shape):
        (given, a), (_, shown) = samples(start, stop), outputs(start, stop)
        product = a @ right.T + constant
        norms = np.sqrt(np.einsum("bn,bn->b", a, a))
        kept.add(
            sums_with(shown, passed.left),
            product[:, :probes],
            norms,
            shown[:, passed.rows],
            product[:, probes:],
            samples.absolute(given) @ absolute_rows.T,
        )
    values, references, norms, shown, reference, absolute = kept.joined()
    absolute = absolute * (1 + models.worst.gamma(n))
    bounds = models.bounds(lambda model: model.net_input_of(n, absolute, np.abs(biases[passed.rows]), reference))
    full.add(shown, reference, *bounds)
    size = (norms * passed.norm + np.linalg.norm(biases))[:, None]
    return _by_probe(probe, full, values, references, size, n + 1 + SHOWN_TERMS, m, models)


def judge_backward(
    case: Case, number: int, deltas: Source, direct: Source, passed: ParameterSums, chosen: Draw, models: Models
) -> Judgement:
    """Judge the product in E17, dE/da = W^T delta, where it is shown: every sample, some neurons in full.

    number: of the layer whose W and delta enter; the product belongs to the layer below.
    """
    m, n = case.widths[number], case.widths[number - 1]
    probe = Tally("E17", "deltas", number - 1, "dE/da by random probes")
    full = Tally("E17", "deltas", number - 1, "dE/da of some neurons in full")
    right, absolute_columns = np.hstack([passed.by_right, passed.in_columns]), np.abs(passed.in_columns)
    kept, probes, shape = _Kept(), chosen.probes, (len(case.batches[0]), max(n, m))
    errors, products = Reader(deltas, block_height(shape)), Reader(direct, block_height(shape))
    for start, stop in row_blocks(shape):
        (given, delta), (_, shown) = errors(start, stop), products(start, stop)
        product = delta @ right
        norms = np.sqrt(np.einsum("bm,bm->b", delta, delta))
        kept.add(
            sums_with(shown, passed.right),
            product[:, :probes],
            norms,
            shown[:, passed.columns],
            product[:, probes:],
            errors.absolute(given) @ absolute_columns,
        )
    values, references, norms, shown, reference, absolute = kept.joined()
    absolute = absolute * (1 + models.worst.gamma(m))
    full.add(shown, reference, *models.bounds(lambda model: model.net_input_of(m, absolute, 0.0, reference)))
    terms = m + SHOWN_TERMS + (SCALE_TERMS if models.scaled else 0)
    return _by_probe(probe, full, values, references, (norms * passed.norm)[:, None], terms, n, models)


class _Kept:
    """What the blocks of samples gave, joined at the end."""

    def __init__(self) -> None:
        self.blocks: list[tuple[Array, ...]] = []

    def add(self, *parts: Array) -> None:
        self.blocks.append(parts)

    def joined(self) -> list[Array]:
        return [np.concatenate(parts) for parts in zip(*self.blocks, strict=True)]


def _by_probe(
    probe: Tally,
    full: Tally,
    values: Array,
    references: Array,
    size: Array,
    terms: int,
    length: int,
    models: Models,
) -> Judgement:
    expected, worst = models.bounds(
        lambda model: model.probe(terms, size), lambda model: model.reference_probe(terms, length, size)
    )
    probe.add(values, references, expected, worst)
    judged = [tally for tally in (full, probe) if tally.count]
    return judged, [sight(probe.quantity, probe.layer, values, length, expected, worst)]
