"""What is no product, element by element in float64: a = f(z), delta = f'(z) dE/da, the output deltas and the loss.

A first bound that is a part of the full one, and cheap, decides almost everywhere; the full one decides where it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.probes.compare import Bounds as PlacedBounds
from backproof.probes.compare import compare, decide
from backproof.probes.draw import Draw
from backproof.probes.models import Models
from backproof.probes.parameters import ParameterSums
from backproof.probes.place import MEMORY, Place
from backproof.probes.sources import FEW, Ahead, Array, Source, Stored, as_source, row_blocks, whole
from backproof.probes.tally import Tally
from backproof.tolerance import SCALE_TERMS, SHOWN_TERMS, SUBTRACTION_TERMS, Tolerance
from backproof_spec import SPECIAL_FORMS, Activation, output_delta, output_deltas

Bounds = tuple[Array, Array]


def judge_activations(
    activation: Activation, number: int, z: Source, a: Source, models: Models, place: Place = MEMORY
) -> Tally:
    """Judge a = f(z) (E1, E18) at every element."""
    tally = _activation_tally(activation, number)
    for start, stop in place.blocks(z.shape):
        given, shown = place.rows(z, start, stop), place.rows(a, start, stop)
        # Where f rounds nothing (c_f = 0) it is right in the case's own dtype.
        if activation.rule.function_error == 0 and place.equal(activation(given), shown):
            tally.quick(0.0, (stop - start) * z.shape[1])
            continue
        zs = place.double(given)
        _add_activations(tally, activation, zs, values_of(activation, zs, place), shown, models, start, place)
    return tally


def _activation_tally(activation: Activation, number: int) -> Tally:
    return Tally("E18" if activation.name == "sigmoid" else "E1", "activations", number, "element by element")


def _add_activations(
    tally: Tally,
    activation: Activation,
    z: Any,
    reference: Any,
    shown: Any,
    models: Models,
    start: int,
    place: Place,
) -> None:
    def full(z: Array, reference: Array) -> Bounds:
        own = models.own_worst.activation(activation, z, reference)
        bound = models.worst.activation(activation, z, reference) + own
        reduced = bound if activation.rule.piecewise_linear else models.worst.reduced_activation(z) + own
        return bound, np.maximum(bound, reduced)

    cheap = models.worst.u * activation.rule.function_error * abs(reference) + models.worst.smallest
    decide(tally, place, place.double(shown), reference, cheap, full, (z, reference), start)


def judge_deltas(
    case: Case,
    number: int,
    z: Source,
    deltas: Source,
    direct: Source | None,
    passed: ParameterSums,
    chosen: Draw,
    models: Models,
    place: Place = MEMORY,
) -> Tally:
    """Judge E17 of a hidden layer: delta = f' dE/da everywhere where dE/da is shown, else some samples in full."""
    activation, m = case.layers[number - 1].activation, case.widths[number + 1]
    if direct is None:
        tally = Tally("E17", "deltas", number, "some samples in full")
        if passed.backward is None or passed.absolute_backward is None:
            return tally
        rows = [(int(i), int(i) + 1) for i in chosen.samples]
        zs = np.concatenate([z.rows(*row) for row in rows]).astype(np.float64)
        shown = np.concatenate([deltas.rows(*row) for row in rows]).astype(np.float64)
        s = passed.backward
        slope, jump = slope_of(case, activation, zs, values_of(activation, zs))

        reference, absolute = slope * s, passed.absolute_backward * (1 + models.worst.gamma(m))
        bounds = delta_bounds(case, number, zs, slope, jump, s, lambda i, j: absolute[i, j], models)
        part = models.part(delta_terms(m, models), absolute) * np.abs(slope) + models.worst.smallest
        part += 0.0 * zs  # where z is not finite, the whole bounds decide
        compare(tally, shown, reference, part, bounds, rows=chosen.samples, columns=np.arange(s.shape[1]))
        return tally
    tally = Tally("E17", "deltas", number, "f' dE/da element by element")

    def full(zs: Array, s: Array) -> Bounds:
        slope, jump = slope_of(case, activation, zs, values_of(activation, zs))
        own = models.own_worst.slope_product(slope, models.own_worst.derivative(activation, zs), s)
        bound = models.worst.slope_product(slope, models.worst.derivative(activation, zs), s) + own + jump * np.abs(s)
        if activation.rule.piecewise_linear:
            return bound, bound
        low = models.worst.derivative(activation, zs, reduced=True)
        return bound, np.maximum(bound, models.worst.slope_product(slope, low, s) + own)

    for start, stop in place.blocks(z.shape):
        zs, shown, s = (place.double(place.rows(source, start, stop)) for source in (z, deltas, direct))
        reference = slope_of(case, activation, zs, values_of(activation, zs, place))[0] * s
        cheap = (1 + SHOWN_TERMS) * models.worst.u * abs(reference) + models.worst.smallest
        decide(tally, place, shown, reference, cheap, full, (zs, s), start)
    return tally


def delta_terms(m: int, models: Models) -> int:
    """Return the roundings of W^T delta in E17, of m terms."""
    return m + 1 + SHOWN_TERMS + (SCALE_TERMS if models.scaled else 0)


def delta_bounds(
    case: Case,
    number: int,
    z: Array,
    slope: Array,
    jump: Any,
    s: Array,
    absolute: Callable[[Array, Array], Array],
    models: Models,
) -> PlacedBounds:
    """Return the bounds of f' o s (E17) of layer `number`, s = W^T delta; absolute: |W|^T |delta| at some places."""
    activation, m = case.layers[number - 1].activation, case.widths[number + 1]

    def bounds(rows: Array, columns: Array) -> Bounds:
        size, zs, f, total = absolute(rows, columns), z[rows, columns], slope[rows, columns], np.abs(s[rows, columns])
        free = np.broadcast_to(jump, z.shape)[rows, columns] * total

        def bound(model: Tolerance, *, reduced: bool) -> Array:
            r = model.derivative(activation, zs, reduced=reduced)
            return np.asarray(model.delta_of(m, f, r, total, size, scaled=models.scaled) + free)

        reduced = not activation.rule.piecewise_linear
        low = models.bounds(lambda model: bound(model, reduced=False))[0]
        return low, models.bounds(lambda model: bound(model, reduced=reduced))[1]

    return bounds


def judge_outputs(
    case: Case, shown: Mapping[tuple[str, int], Source], models: Models, place: Place = MEMORY
) -> list[Tally]:
    """Judge o = f(z), E22 and the loss (E3 to E6) at every element, at the shown net inputs of the output layer."""
    depth, z = case.depth, shown["net_inputs", case.depth]
    a, deltas, given = shown.get(("activations", depth)), shown.get(("deltas", depth)), shown.get(("loss", 0))
    y: Source = as_source(case.y) if not isinstance(case.y, np.ndarray) else Stored(case.y[list(case.batches[0])])
    y = Ahead(y)
    activation, rule = case.layers[-1].activation, case.loss_rule
    special = rule.output_activation == activation.name
    if not (special or activation.elementwise):
        place = MEMORY  # the Jacobian of each sample is as large as a matrix of weights: a few samples at a time
    output, error = Tally("E22", "deltas", depth, "element by element"), _Loss(case, models, place)
    activations = _activation_tally(activation, depth)

    def full(zs: Array, ys: Array, o: Array) -> Bounds:
        def bound(model: Tolerance, *, reduced: bool) -> Array:
            low = model.reduced_activation(zs) if reduced else 0.0
            o_bound = np.maximum(model.activation(activation, zs, o), low)
            r = model.derivative(activation, zs, reduced=reduced) if activation.elementwise else 0 * zs
            return model.output_delta(activation, rule, ys, zs, o, o_bound, r, models.delta)

        own = bound(models.own_worst, reduced=False)
        reduced = not activation.rule.piecewise_linear
        return bound(models.worst, reduced=False) + own, bound(models.worst, reduced=reduced) + own

    for start, stop in place.blocks(z.shape):
        zs, ys = (place.double(place.rows(source, start, stop)) for source in (z, y))
        o = values_of(activation, zs, place)
        error.add(ys, o)
        if a is not None:
            _add_activations(activations, activation, zs, o, place.rows(a, start, stop), models, start, place)
        if deltas is None:
            continue
        reference = _output_delta(case, models, activation, ys, zs, o)
        cheap = abs(reference)
        cheap *= SUBTRACTION_TERMS * models.worst.u
        if special:  # with outputs that are never negative
            cheap += models.delta * models.worst.u * activation.rule.function_error * o
        cheap += models.worst.smallest
        found = place.double(place.rows(deltas, start, stop))
        decide(output, place, found, reference, cheap, full, (zs, ys, o), start)
    tallies = [tally for tally in (activations, output) if tally.count]
    if given is not None and case.conventions.loss_at == "before":
        tallies.append(error.finish(float(whole(given)), z, y))
    return tallies


class _Loss:
    """The loss of a batch, block by block, with how far the rounding of the outputs may move it.

    A first bound lets each output have c_f roundings; where it fails, the full bound of the outputs decides.
    """

    def __init__(self, case: Case, models: Models, place: Place) -> None:
        self.case, self.models, self.rule, self.place = case, models, case.loss_rule, place
        self.total = self.absolute = self.first = 0.0
        self.count = 0
        self.named: list[tuple[Array, Array]] = []

    def add(self, y: Any, o: Any) -> None:
        """Add a block; only elements with a label enter a cross-entropy: few, which are kept until the end."""
        if self.rule.name == "cross_entropy":
            named = y != 0
            self.named.append((self.place.get(y[named]), self.place.get(o[named])))
        else:
            self._add(y, o)

    def _add(self, y: Any, o: Any) -> None:
        single = self.rule(y[..., None], o[..., None])
        roundings = self.models.worst.u * self.case.layers[-1].activation.rule.function_error
        self.first += float((abs(self.rule.derivative(y, o)) * roundings * abs(o)).sum())
        self.total += float(single.sum())
        self.absolute += float(abs(single).sum())
        self.count += int(np.prod(y.shape))

    def finish(self, shown: float, z: Source, labels: Source) -> Tally:
        """Judge the reported loss."""
        if self.named:
            self._add(*map(np.concatenate, zip(*self.named, strict=True)))
        scale, tally = self.models.error, Tally(self.rule.clause, "loss", 0, "all samples")
        values, reference = np.array([shown]), np.array([scale * self.total])
        rounding = scale * self.models.worst.gamma(self.count + self.case.samples) * self.absolute
        bound = np.array([rounding + scale * self.first])
        worst = bound
        if not abs(shown - scale * self.total) <= bound[0]:
            spread, reduced = self._spread(z, labels)
            bound = np.maximum(bound, rounding + scale * spread)
            worst = bound + scale * reduced
        tally.add(values, reference, bound, worst)
        tally.index = ()
        return tally

    def _spread(self, z: Source, labels: Source) -> tuple[float, float]:
        spread = reduced = 0.0
        activation, model = self.case.layers[-1].activation, self.models.worst
        for start, stop in row_blocks(z.shape, FEW):
            zs, y = z.rows(start, stop).astype(np.float64), labels.rows(start, stop).astype(np.float64)
            o = values_of(activation, zs)
            bound, low = model.activation(activation, zs, o), model.reduced_activation(zs)
            slope, curvature = np.abs(self.rule.derivative(y, o)), np.abs(self.rule.second_derivative(y, o))
            moved = slope * bound + 2 * curvature * bound**2
            spread += float(np.nan_to_num(moved, nan=0.0).sum())
            reduced += float(low[y != 0].sum() if self.rule.name == "cross_entropy" else low.sum())
        return spread, reduced


def values_of(activation: Activation, z: Any, place: Place = MEMORY) -> Any:
    """Return the activations of z in float64; softmax is shifted by the largest net input, which changes nothing."""
    return activation(z if activation.elementwise else z - place.largest(z))


def slope_of(case: Case, activation: Activation, z: Any, a: Any) -> tuple[Any, Any]:
    """Return f'(z) in float64, and how far it may be from there at a kink without a declared convention."""
    kink, declared = activation.kink, case.conventions.kink
    chosen = None
    if kink is not None and declared is not None:
        chosen = {"left": kink[0], "right": kink[1]}.get(str(declared), declared)
    if activation.rule.by_activation is not None and kink is None:
        return activation.derivative_by_activation(a), 0.0
    slope = activation.derivative(z, chosen)
    free = kink is not None and declared is None
    return slope, abs(kink[1] - kink[0]) * (z == 0) if free and kink is not None else 0.0


def _output_delta(case: Case, models: Models, activation: Activation, y: Any, z: Any, o: Any) -> Any:
    rule = case.loss_rule
    if (activation.name, rule.name) in SPECIAL_FORMS:
        return output_deltas(activation, rule, y, z, o, models.delta)
    return output_delta(rule.derivative(y, o), slope_of(case, activation, z, o)[0], models.delta)
