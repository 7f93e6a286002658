"""One pass over a layer's parameters before and after the update: probes, the gradient (E11), the update (E26).

Blocks of rows are regenerated or read, cast to float64 once while they are in the cache, and let go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.probes.account import Sight
from backproof.probes.compare import compare, decide
from backproof.probes.draw import Draw
from backproof.probes.gradients import GradientSums
from backproof.probes.models import Models
from backproof.probes.place import MEMORY, Place
from backproof.probes.sight import sight
from backproof.probes.sources import FEW, Array, Source, row_blocks, whole
from backproof.probes.tally import Tally
from backproof.tolerance import K, gradient_terms

BLOCK = 1 << 17  # elements of a pass: with smaller blocks the calls for each cost more than the cache gives
QUICK = 0.5  # the largest share of its bound that an update can have which is rounded twice, as here


@dataclass(slots=True)
class ParameterSums:
    """Of W (m, n): W^T R and W Q for random signs, products with the samples in full, rows and columns, |W|.

    left: R (m, probes); right: Q (n, probes); backward: W^T delta of the chosen samples, with its absolute sums (None
    where dE/da is shown, or everything is judged in full).
    """

    left: Array
    right: Array
    rows: Array
    columns: Array
    biases: Array | None
    by_left: Array
    by_right: Array
    in_rows: Array
    in_columns: Array
    norm: float = 0.0
    backward: Array | None = None
    absolute_backward: Array | None = None
    tallies: list[Tally] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)


def pass_parameters(
    case: Case,
    number: int,
    shown: Mapping[tuple[str, int], Source],
    chosen: Draw,
    models: Models,
    weights: Source,
    sums: GradientSums | None,
    place: Place = MEMORY,
) -> ParameterSums:
    """Return the sums of one layer, with the findings on its gradient and its update; weights: before the update."""
    layer = case.layers[number - 1]
    m, n = weights.shape
    left, right = chosen.signs(m, 10 * number + 3), chosen.signs(n, 10 * number + 4)
    rows, columns = chosen.places(m, 10 * number + 5), chosen.places(n, 10 * number + 6)
    found = ParameterSums(
        left=left,
        right=right,
        rows=rows,
        columns=columns,
        biases=None if layer.biases is None else whole(layer.biases).astype(np.float64),
        by_left=np.empty((0, n)),
        by_right=np.empty((m, 0)),
        in_rows=np.empty((len(rows), n), case.dtype),
        in_columns=np.empty((m, len(columns)), case.dtype),
    )
    upper = shown.get(("deltas", number)) if number > 1 and not chosen.everything else None
    by_samples = upper is not None and ("activation_gradients", number - 1) not in shown
    delta = _of_samples(upper, chosen.samples) if upper is not None and by_samples else None
    update = _Update(case, number, shown, models, sums, place)
    found.norm = _sum_blocks(weights, found, update, _Left.of(case.dtype, left, delta), place)
    update.biases(found.biases)
    found.tallies, found.sights = update.finish()
    return found


@dataclass(slots=True)
class _Left:
    """What W is multiplied by from the left, in rows: random signs, then the samples in full; their absolute values."""

    stacked: Array
    absolute: Array

    @classmethod
    def of(cls, dtype: str, signs: Array, samples: Array | None) -> _Left:
        none = np.empty((0, len(signs)))
        samples = none if samples is None else samples
        return cls(np.vstack([signs.T, samples]), np.abs(samples).astype(dtype))


def _sum_blocks(weights: Source, found: ParameterSums, update: _Update, left: _Left, place: Place) -> float:
    """Go through W once, fill the sums, judge the update, and return the Frobenius norm of W."""
    m, n = weights.shape
    probes, squares = found.left.shape[1], 0.0
    found.by_right = np.empty((m, probes))
    by_left = place.put(np.zeros((len(left.stacked), n)))
    absolute_left = place.put(np.zeros((len(left.absolute), n), weights.dtype))
    stacked, absolute = place.put(left.stacked), place.put(left.absolute)
    right, columns = place.put(found.right), place.put(found.columns)
    reader = place.reader(weights, (m, n), BLOCK)
    for start, stop in place.blocks((m, n), BLOCK):
        block, w = reader(start, stop)
        squares += place.square(w)
        here = (found.rows >= start) & (found.rows < stop)
        found.in_rows[here] = place.get(block[place.put(found.rows[here] - start)])
        found.in_columns[start:stop] = place.get(block[:, columns])
        found.by_right[start:stop] = place.get(place.sums(w, right))
        by_left += stacked[:, start:stop] @ w
        update.block(start, stop, block, w, reader.spare(stop - start))
        if len(left.absolute):
            absolute_left += place.rough(absolute[:, start:stop], reader.absolute(block))
    sums = place.get(by_left)
    found.by_left = sums[:probes]
    if len(left.absolute):
        found.backward, found.absolute_backward = sums[probes:], place.get(absolute_left)
    return float(np.sqrt(squares)) * (1 + update.models.own_worst.gamma(m * n))


def _of_samples(source: Source, samples: Array) -> Array:
    return np.concatenate([source.rows(int(i), int(i) + 1) for i in samples]).astype(np.float64)


class _Update:
    """The gradient and the update of one layer, block by block."""

    def __init__(
        self,
        case: Case,
        number: int,
        shown: Mapping[tuple[str, int], Source],
        models: Models,
        sums: GradientSums | None,
        place: Place,
    ) -> None:
        self.case, self.number, self.models, self.sums, self.place = case, number, models, sums, place
        self.signs: Any = None if sums is None else place.put(sums.signs)
        self.columns: Any = None if sums is None else place.put(sums.columns)
        self.gradient, self.after = shown.get(("weight_gradients", number)), shown.get(("weights", number))
        self.bias_gradient, self.biases_after = shown.get(("bias_gradients", number)), shown.get(("biases", number))
        self.rate = float(case.learning_rate)
        m = case.widths[number]
        self.probe = np.empty((m, 0)) if sums is None else np.empty(sums.probe.shape)
        self.spread = np.zeros(m)  # of a recovered gradient: the norm of each row's uncertainty
        rows, columns = (0, 0) if sums is None else (len(sums.rows), len(sums.columns))
        n, recovered = case.widths[number - 1], self.gradient is None
        self.in_rows, self.in_columns = np.empty((rows, n), case.dtype), np.empty((m, columns), case.dtype)
        self.uncertain_rows, self.uncertain_columns = (
            np.empty((rows if recovered else 0, n)),
            np.empty((m if recovered else 0, columns)),
        )
        self.step = Tally("E26", "weights", number, "element by element")
        self.full = Tally("E11", "weight_gradients", number, "rows and columns in full")
        self.probed = Tally("E11", "weight_gradients", number, "random probes")
        self.vectors: list[Tally] = []

    def block(self, start: int, stop: int, block: Any, w: Any, spare: Any) -> None:
        """Judge the rows start to stop - 1; block: W in its dtype, w: in float64, spare: a buffer like the block."""
        place = self.place
        gradient = None if self.gradient is None else place.rows(self.gradient, start, stop)
        after = None if self.after is None else place.rows(self.after, start, stop)
        if gradient is not None and after is not None:
            self._step(start, block, w, gradient, after, spare)
        if self.sums is None or (gradient is None and after is None):
            return
        if gradient is not None:
            g, extra = w, None  # W has been used: its buffer is free
            g[...] = gradient
        else:
            g = (w - after) / self.rate
            extra = self.models.worst.update(w, g, self.rate) / self.rate
            self.spread[start:stop] = np.sqrt(place.get(place.squares(extra, axis=1)))
        self.probe[start:stop] = place.get(place.sums(g, self.signs))
        places = np.flatnonzero((self.sums.rows >= start) & (self.sums.rows < stop))
        rows = place.put(self.sums.rows[places] - start)
        self.in_rows[places] = place.get(g[rows])
        self.in_columns[start:stop] = place.get(g[:, self.columns])
        if extra is not None:
            self.uncertain_rows[places] = place.get(extra[rows])
            self.uncertain_columns[start:stop] = place.get(extra[:, self.columns])

    def _step(self, start: int, block: Any, w: Any, gradient: Any, after: Any, spare: Any) -> None:
        place, rate = self.place, self.rate
        if place.equal(place.stepped(block, gradient, rate, spare), after):
            self.step.quick(QUICK, int(np.prod(block.shape)))
            return

        def full(w: Array, g: Array) -> tuple[Array, Array]:
            bound = self.models.worst.update(w, g, rate) + self.models.own_worst.update(w, g, rate)
            return bound, bound

        g = place.double(gradient)
        cheap = self.models.worst.update(w, g, rate)
        decide(self.step, place, place.double(after), w - rate * g, cheap, full, (w, g), start)

    def _in_full(self, sums: GradientSums) -> None:
        """Judge the rows and columns that were kept."""
        samples, model = len(self.case.batches[0]), self.models
        terms = gradient_terms(samples, scaled=model.scaled)
        for values, reference, absolute, uncertain, rows, columns in (
            (
                self.in_rows,
                sums.in_rows,
                sums.absolute_rows,
                self.uncertain_rows,
                sums.rows,
                np.arange(self.in_rows.shape[1]),
            ),
            (
                self.in_columns,
                sums.in_columns,
                sums.absolute_columns,
                self.uncertain_columns,
                np.arange(len(self.in_columns)),
                sums.columns,
            ),
        ):
            for start, stop in row_blocks(values.shape, FEW):
                here = slice(start, stop)
                size = absolute[here].astype(np.float64) * (1 + model.worst.gamma(samples))
                extra = uncertain[here] if len(uncertain) else np.zeros((1, 1))

                def bounds(i: Array, j: Array, size: Array = size, extra: Array = extra) -> tuple[Array, Array]:
                    chosen, more = size[i, j], np.broadcast_to(extra, size.shape)[i, j]
                    low, high = model.bounds(lambda m: m.gradient_of(samples, chosen, scaled=model.scaled))
                    return model.gradient * low + more, model.gradient * high + more

                part = model.gradient * model.part(terms, size) + extra
                expected = model.gradient * reference[here]
                compare(self.full, values[here], expected, part, bounds, rows=rows[here], columns=columns)

    def biases(self, before: Array | None) -> None:
        """Judge the gradient and the update of the biases, element by element."""
        if before is None:
            return
        samples, scaled, factor = len(self.case.batches[0]), self.models.scaled, self.models.gradient
        gradient = None if self.bias_gradient is None else whole(self.bias_gradient).astype(np.float64)
        after = None if self.biases_after is None else whole(self.biases_after).astype(np.float64)
        extra = np.zeros(len(before))
        if gradient is not None and after is not None:
            tally = Tally("E26", "biases", self.number, "element by element")
            bound = self.models.worst.update(before, gradient, self.rate)
            bound = bound + self.models.own_worst.update(before, gradient, self.rate)
            tally.add(after, before - self.rate * gradient, bound)
            self.vectors.append(tally)
        if gradient is None and after is not None:
            gradient = (before - after) / self.rate
            extra = self.models.worst.update(before, gradient, self.rate) / self.rate
        if self.sums is None or gradient is None:
            return
        absolute = self.sums.absolute_biases
        bounds = self.models.bounds(lambda model: model.bias_gradient_of(samples, absolute, scaled=scaled))
        tally = Tally("E11", "bias_gradients", self.number, "element by element")
        tally.add(gradient, factor * self.sums.biases, factor * bounds[0] + extra, factor * bounds[1] + extra)
        self.vectors.append(tally)

    def finish(self) -> tuple[list[Tally], list[Sight]]:
        """Judge the probes of the gradient, and return what was judged."""
        judged = self.sums is not None and (self.gradient is not None or self.after is not None)
        if self.sums is not None and judged:
            self._in_full(self.sums)
        tallies, sights = [tally for tally in (self.full, self.step) if tally.count], []
        if self.sums is not None and judged:
            samples, n = len(self.case.batches[0]), self.case.widths[self.number - 1]
            terms = gradient_terms(samples, scaled=self.models.scaled)
            size = (self.sums.by_row * self.sums.norm)[:, None]
            expected, worst = self.models.bounds(
                lambda model: model.probe(terms, size), lambda model: model.reference_probe(terms, n, size)
            )
            factor, spread = self.models.gradient, K * self.spread[:, None]
            expected, worst = factor * expected + spread, factor * worst + spread
            self.probed.add(self.probe, factor * self.sums.probe, expected, worst)
            tallies.append(self.probed)
            sights.append(sight("weight_gradients", self.number, self.probe, n, expected, worst))
        return [*tallies, *self.vectors], sights
