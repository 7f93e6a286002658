"""The products of a layer with the samples, by probes: z = W a + b (E1), and dE/da = W^T delta (E17)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.case import Case
from backproof.probes.account import Sight
from backproof.probes.draw import Draw
from backproof.probes.models import Models
from backproof.probes.parameters import ParameterSums
from backproof.probes.place import Place
from backproof.probes.sight import sight
from backproof.probes.sources import ELEMENTS, Array, Source
from backproof.probes.tally import Tally
from backproof.tolerance import SCALE_TERMS, SHOWN_TERMS

Judgement = tuple[list[Tally], list[Sight]]


def judge_forward(
    case: Case, number: int, below: Source, z: Source, passed: ParameterSums, chosen: Draw, models: Models, place: Place
) -> Judgement:
    """Judge E1: every sample by its sum with random signs, and some neurons in full."""
    m, n = case.widths[number], case.widths[number - 1]
    biases = np.zeros(m) if passed.biases is None else passed.biases
    probe = Tally("E1", "net_inputs", number, "random probes")
    full = Tally("E1", "net_inputs", number, "some neurons in full")
    right = place.put(np.vstack([passed.by_left, passed.in_rows]).T)
    absolute_rows, left, rows = place.put(np.abs(passed.in_rows).T), place.put(passed.left), place.put(passed.rows)
    constant = place.put(np.concatenate([biases @ passed.left, biases[passed.rows]]))
    kept, probes, shape = _Kept(place), chosen.probes, (len(case.batches[0]), max(n, m))
    samples, outputs = place.reader(below, shape), place.reader(z, shape)
    for start, stop in place.blocks(shape, ELEMENTS):
        (given, a), (_, shown) = samples(start, stop), outputs(start, stop)
        product = a @ right + constant
        kept.add(
            place.sums(shown, left),
            product[:, :probes],
            place.squares(a, axis=1),
            shown[:, rows],
            product[:, probes:],
            place.rough(samples.absolute(given), absolute_rows),
        )
    values, references, squares, shown, reference, absolute = kept.joined()
    absolute = absolute * (1 + models.worst.gamma(n))
    bounds = models.bounds(lambda model: model.net_input_of(n, absolute, np.abs(biases[passed.rows]), reference))
    full.add(shown, reference, *bounds)
    size = (np.sqrt(squares) * passed.norm + np.linalg.norm(biases))[:, None]
    return _by_probe(probe, full, values, references, size, n + 1 + SHOWN_TERMS, m, models)


def judge_backward(
    case: Case,
    number: int,
    deltas: Source,
    direct: Source,
    passed: ParameterSums,
    chosen: Draw,
    models: Models,
    place: Place,
) -> Judgement:
    """Judge the product in E17, dE/da = W^T delta, where it is shown: every sample, some neurons in full.

    number: of the layer whose W and delta enter; the product belongs to the layer below.
    """
    m, n = case.widths[number], case.widths[number - 1]
    probe = Tally("E17", "deltas", number - 1, "dE/da by random probes")
    full = Tally("E17", "deltas", number - 1, "dE/da of some neurons in full")
    right, absolute_columns = np.hstack([passed.by_right, passed.in_columns]), np.abs(passed.in_columns)
    right, absolute_columns = place.put(right), place.put(absolute_columns)
    signs, columns = place.put(passed.right), place.put(passed.columns)
    kept, probes, shape = _Kept(place), chosen.probes, (len(case.batches[0]), max(n, m))
    errors, products = place.reader(deltas, shape), place.reader(direct, shape)
    for start, stop in place.blocks(shape, ELEMENTS):
        (given, delta), (_, shown) = errors(start, stop), products(start, stop)
        product = delta @ right
        kept.add(
            place.sums(shown, signs),
            product[:, :probes],
            place.squares(delta, axis=1),
            shown[:, columns],
            product[:, probes:],
            place.rough(errors.absolute(given), absolute_columns),
        )
    values, references, squares, shown, reference, absolute = kept.joined()
    absolute = absolute * (1 + models.worst.gamma(m))
    full.add(shown, reference, *models.bounds(lambda model: model.net_input_of(m, absolute, 0.0, reference)))
    terms = m + SHOWN_TERMS + (SCALE_TERMS if models.scaled else 0)
    size = (np.sqrt(squares) * passed.norm)[:, None]
    return _by_probe(probe, full, values, references, size, terms, n, models)


class _Kept:
    """What the blocks of samples gave, joined at the end."""

    def __init__(self, place: Place) -> None:
        self.place, self.blocks = place, list[tuple[Array, ...]]()

    def add(self, *parts: Any) -> None:
        self.blocks.append(tuple(map(self.place.get, parts)))

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
