"""Every element of every product of a layer: z (E1), dE/da and the deltas (E17), the gradient of W (E11), in float64.

A bound holds a sum of absolute values, |W||a|, which costs as much as the product. Some of its terms are no more than
all of them: an element that is within the bound of some terms is within its own. Only the others get all their terms.

Index conventions: layer l has m neurons and reads n; W is (m, n), a (B, n), delta (B, m).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.probes.compare import Bounds, compare
from backproof.probes.elements import delta_bounds, delta_terms, slope_of, values_of
from backproof.probes.models import Models
from backproof.probes.sources import ELEMENTS, FEW, Array, Source, whole
from backproof.probes.tally import Tally
from backproof.tolerance import SHOWN_TERMS, gradient_terms

TERMS = 2.0  # times the square root of a sum's terms enter its first bound: as that, the roundings of the sum grow
SCATTERED = 1 / 64  # of a block's elements, from here on one matrix product is cheaper than their single sums

Shown = Mapping[tuple[str, int], Source]


@dataclass(frozen=True, slots=True)
class _Factor:
    """One factor of a product, its rows' terms side by side (rows, k), and the absolute values of some of them."""

    terms: Array
    some: Array

    @classmethod
    def of(cls, terms: Array, some: Array) -> _Factor:
        """Return a factor; some: the places of the terms of the first bound."""
        return cls(terms, np.abs(terms[:, some]))


@dataclass(frozen=True, slots=True)
class _Product:
    """A B^T (rows of A, rows of B), and the sums of absolute values of its terms."""

    left: _Factor
    right: _Factor

    def sums(self) -> Array:
        """Return A B^T."""
        return np.asarray(self.left.terms @ self.right.terms.T)

    def part(self, sums: Array) -> Array:
        """Return some terms of |A||B|^T, of every element, or |A B^T|, which is no more than all of them either."""
        found = self.left.some @ self.right.some.T
        return np.asarray(np.maximum(found, np.abs(sums), out=found))

    def absolute(self, rows: Array, columns: Array) -> Array:
        """Return all terms of |A||B|^T, of the elements at these places."""
        left, right = self.left.terms, self.right.terms
        if len(rows) > SCATTERED * len(left) * len(right):
            return np.asarray((np.abs(left) @ np.abs(right).T)[rows, columns])
        found, height = np.empty(len(rows)), max(1, FEW // left.shape[1])
        for start in range(0, len(rows), height):
            here = slice(start, start + height)
            terms = left[rows[here]] * right[columns[here]]
            found[here] = np.abs(terms, out=terms).sum(axis=1)
        return found


class Full:
    """The products of one layer, each element judged.

    number: l; weights: W before the update; below: a of the layer below, where it is shown.
    """

    def __init__(
        self, case: Case, number: int, weights: Array, shown: Shown, below: Source | None, models: Models
    ) -> None:
        self.case, self.number, self.weights, self.shown, self.models = case, number, weights, shown, models
        self.a, self.delta = _double(below), _double(shown.get(("deltas", number)))
        self.samples = len(case.batches[0])

    def gradient(self) -> list[Tally]:
        """Judge the gradient (E11), where it is not shown the one recovered from the update."""
        gradient, after = self.shown.get(("weight_gradients", self.number)), self.shown.get(("weights", self.number))
        if self.a is None or self.delta is None or (gradient is None and after is None):
            return []
        models, rate, samples = self.models, float(self.case.learning_rate), self.samples
        tally = Tally("E11", "weight_gradients", self.number, "every element in full")
        some = _largest(np.abs(self.delta).sum(axis=1) * np.abs(self.a).sum(axis=1))
        read, every = _Factor.of(self.a.T, some), np.arange(self.weights.shape[1])
        terms = gradient_terms(samples, scaled=models.scaled)
        for start, stop in _blocks(*self.weights.shape, samples):
            product, uncertain = _Product(_Factor.of(self.delta[:, start:stop].T, some), read), None
            if gradient is not None:
                values = gradient.rows(start, stop)
            elif after is not None:
                w = _as_double(self.weights[start:stop])
                values = (w - after.rows(start, stop)) / rate
                uncertain = models.worst.update(w, values, rate) / rate

            def bounds(
                rows: Array, columns: Array, product: _Product = product, uncertain: Array | None = uncertain
            ) -> tuple[Array, Array]:
                absolute = self._rounded_up(product.absolute(rows, columns), samples)
                extra = 0.0 if uncertain is None else uncertain[rows, columns]
                low, high = models.bounds(lambda m: m.gradient_of(samples, absolute, scaled=models.scaled))
                return models.gradient * low + extra, models.gradient * high + extra

            reference = product.sums()
            part = models.part(terms, product.part(reference))
            if models.gradient != 1:
                reference, part = models.gradient * reference, models.gradient * part
            if uncertain is not None:
                part += uncertain
            compare(tally, values, reference, part, bounds, rows=np.arange(start, stop), columns=every)
        return [tally]

    def net_inputs(self) -> list[Tally]:
        """Judge z = W a + b (E1)."""
        z, layer = self.shown.get(("net_inputs", self.number)), self.case.layers[self.number - 1]
        if self.a is None or z is None:
            return []
        m, n = self.weights.shape
        biases = np.zeros(m) if layer.biases is None else _as_double(whole(layer.biases))
        tally, models = Tally("E1", "net_inputs", self.number, "every element in full"), self.models
        values, some = z.rows(0, self.samples), _largest(np.abs(self.a).sum(axis=0))
        read, every = _Factor.of(self.a, some), np.arange(self.samples)
        for start, stop in _blocks(m, n, self.samples):
            product = _Product(read, _Factor.of(_as_double(self.weights[start:stop]), some))
            b = biases[start:stop]
            reference = product.sums()
            part = models.part(n + 1 + SHOWN_TERMS, product.part(reference))
            reference += b

            def bounds(
                rows: Array,
                columns: Array,
                product: _Product = product,
                b: Array = b,
                reference: Array = reference,
            ) -> tuple[Array, Array]:
                absolute = self._rounded_up(product.absolute(rows, columns), n)
                size, total = np.abs(b[columns]), reference[rows, columns]
                return models.bounds(lambda model: model.net_input_of(n, absolute, size, total))

            columns = np.arange(start, stop)
            compare(tally, values[:, start:stop], reference, part, bounds, rows=every, columns=columns)
        return [tally]

    def deltas_below(self) -> list[Tally]:
        """Judge dE/da = W^T delta of the layer below where it is shown, else its deltas f' o (W^T delta) (E17)."""
        lower, (m, n) = self.number - 1, self.weights.shape
        direct, z = self.shown.get(("activation_gradients", lower)), self.shown.get(("net_inputs", lower))
        shown = self.shown.get(("deltas", lower)) if direct is None else direct
        if self.delta is None or shown is None or (direct is None and z is None):
            return []
        how = "every element in full" if direct is None else "dE/da, every element in full"
        tally = Tally("E17", "deltas", lower, how)
        values, some = shown.rows(0, self.samples), _largest(np.abs(self.delta).sum(axis=0))
        errors, every = _Factor.of(self.delta, some), np.arange(self.samples)
        terms = delta_terms(m, self.models) if direct is None else m + 1 + SHOWN_TERMS
        for start, stop in _blocks(n, m, self.samples):
            product = _Product(errors, _Factor.of(_as_double(self.weights[:, start:stop]).T, some))
            sums = product.sums()
            part = self.models.part(terms, product.part(sums))
            if direct is not None or z is None:
                reference, bounds = sums, self._product_bounds(product, sums)
            else:
                zs = _as_double(z.rows(0, self.samples)[:, start:stop])
                reference, part, bounds = self._sloped(product, sums, part, zs)
            columns = np.arange(start, stop)
            compare(tally, values[:, start:stop], reference, part, bounds, rows=every, columns=columns)
        return [tally]

    def _product_bounds(self, product: _Product, sums: Array) -> Bounds:
        m = len(self.weights)

        def bounds(rows: Array, columns: Array) -> tuple[Array, Array]:
            absolute = self._rounded_up(product.absolute(rows, columns), m)
            return self.models.bounds(lambda model: model.net_input_of(m, absolute, 0.0, sums[rows, columns]))

        return bounds

    def _sloped(self, product: _Product, sums: Array, part: Array, zs: Array) -> tuple[Array, Array, Bounds]:
        """Return f' o (W^T delta), its first bound and its own."""
        models, m = self.models, len(self.weights)
        activation = self.case.layers[self.number - 2].activation
        slope, jump = slope_of(self.case, activation, zs, values_of(activation, zs))

        def absolute(rows: Array, columns: Array) -> Array:
            return self._rounded_up(product.absolute(rows, columns), m)

        bounds = delta_bounds(self.case, self.number - 1, zs, slope, jump, sums, absolute, models)
        part *= np.abs(slope)
        part += models.worst.smallest + 0.0 * zs  # where z is not finite, the whole bounds decide
        return slope * sums, part, bounds

    def _rounded_up(self, absolute: Array, terms: int) -> Array:
        return absolute * (1 + self.models.worst.gamma(terms))


def _largest(weights: Array) -> Array:
    """Return the places of the terms that weigh most."""
    count = min(len(weights), int(np.ceil(TERMS * np.sqrt(len(weights)))))
    return np.argpartition(weights, len(weights) - count)[len(weights) - count :]


def _blocks(length: int, *others: int) -> Iterator[tuple[int, int]]:
    height = max(1, ELEMENTS // max(others))
    for start in range(0, length, height):
        yield start, min(start + height, length)


def _as_double(values: Any) -> Array:
    return np.asarray(values).astype(np.float64, copy=False)


def _double(source: Source | None) -> Array | None:
    return None if source is None else _as_double(source.rows(0, source.shape[0]))
