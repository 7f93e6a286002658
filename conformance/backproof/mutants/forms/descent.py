"""Forms of wrong updates and modes of descent: coefficients, places of a decay, other batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.forms.form import Form, right_update
from backproof.mutants.steps import Here, Step, gradient_scale

DECAYS = (0.01, 0.1, 1e-3, 1e-4, 5e-4, 0.05, 5e-3, 0.02, 0.2, 0.5, 1e-5)
MOMENTA = (0.9, 0.5, 0.95, 0.99, 0.8)


def _momenta() -> Iterator[Form]:
    for factor, kind, biases in product(MOMENTA, ("sum", "average", "ahead", "steps"), (True, False)):
        form: Form = (("update", _momentum(factor, kind)),)
        yield form if biases else (*form, ("bias_update", right_update))


def _momentum(factor: float, kind: str) -> Step:
    """Return an update by a velocity: a sum or an average of gradients, one step ahead, or a sum of steps taken."""

    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        kept, key = parameters.dtype.type(factor), ("momentum", here.layer, parameters.ndim)
        if kind == "steps":
            before = here.memory.get(key)
            here.memory[key] = parameters
            found = right(here, parameters, by_parameter)
            return np.asarray(found if before is None else found + kept * (parameters - before))
        share = 1 - kept if kind == "average" else parameters.dtype.type(1)
        velocity = share * by_parameter + kept * here.memory.get(key, 0)
        here.memory[key] = velocity
        return right(here, parameters, by_parameter + kept * velocity if kind == "ahead" else velocity)

    return wrong


def _decays() -> Iterator[Form]:
    for factor, biases, place in product(DECAYS, (False, True), ("shown", "rated", "mean", "after", "apart")):
        if place == "shown":
            form: Form = (("gradient", _decayed_gradient(factor)),)
            yield form if not biases else (*form, ("bias_gradient", _decayed_bias(factor)))
        else:
            yield (("update", _decayed(factor, biases=biases, place=place)),)


def _decayed(factor: float, *, biases: bool, place: str) -> Step:
    """Return an update with decay: in the gradient ("rated"; "mean": by n), apart from it, or of the new weights."""

    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        if parameters.ndim == 1 and not biases:
            return right(here, parameters, by_parameter)
        lost = parameters.dtype.type(factor) * parameters
        if place == "after":
            found = right(here, parameters, by_parameter)
            return np.asarray(found * (1 - parameters.dtype.type(factor)))
        if place == "apart":
            return np.asarray(right(here, parameters, by_parameter) - lost)
        return right(
            here, parameters, by_parameter + (lost / here.number(len(here.batch)) if place == "mean" else lost)
        )

    return wrong


def _decayed_gradient(factor: float) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        weights = here.weights[here.layer - 1]
        return np.asarray(right(here, *arguments) + weights.dtype.type(factor) * weights)

    return wrong


def _decayed_bias(factor: float) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        biases = here.biases[here.layer - 1]
        found = right(here, *arguments)
        return np.asarray(found if biases is None else found + biases.dtype.type(factor) * biases)

    return wrong


def _rounded_rate(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
    return np.asarray(parameters - here.number(np.float16(here.case.learning_rate)) * by_parameter)


def _rates_squared() -> Iterator[Form]:
    """Let the learning rate sit in what is shown as the gradient, or in the deltas, and in the update once more."""

    def rated(right: Step, here: Here, *arguments: Any) -> Array:
        return np.asarray(here.number(here.case.learning_rate) * right(here, *arguments))

    yield ("gradient", rated), ("bias_gradient", rated)
    yield (("delta_at_output", rated),)


def _from_initial() -> Iterator[Form]:
    """Start every update from the initial parameters: the forward pass and the deltas as well."""

    def weights_of(here: Here, layer: int) -> tuple[Array, Array | None]:
        first = here.case.layers[layer - 1]
        return first.weights, first.biases

    def forward(right: Step, here: Here, w: Array, b: Array | None, previous: Array) -> Array:
        return right(here, *weights_of(here, here.layer), previous)

    def delta(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
        return right(here, slopes, weights_of(here, here.layer + 1)[0], d)

    def back(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        weights, biases = weights_of(here, here.layer)
        initial = weights if parameters.ndim > 1 else biases
        return right(here, parameters if initial is None else initial, by_parameter)

    yield ("net_input", forward), ("hidden_delta", delta), ("update", back)
    yield ("net_input", forward), ("hidden_delta", delta)


def _in_their_order() -> Iterator[Form]:
    """Draw batches of the same sizes in the order of the samples, or sort each batch."""

    def chunks(right: Step, here: Here) -> Sequence[Sequence[int]]:
        found, start, count = [], 0, here.case.samples
        for batch in right(here):
            found.append(tuple((start + i) % count for i in range(len(batch))))
            start = (start + len(batch)) % count
        return tuple(found)

    def each(right: Step, here: Here) -> Sequence[Sequence[int]]:
        return tuple(tuple(sorted(batch)) for batch in right(here))

    yield (("batches", chunks),)
    yield (("batches", each),)


def _filled() -> Iterator[Form]:
    """Fill a partial batch up: once or to the size of the first one, with its own first or last sample, or others."""
    for once, source in product((False, True), ("first", "last", "own", "other", "all")):
        yield (("batches", _filled_from(source, once=once)),)


def _filled_from(source: str, *, once: bool) -> Step:
    def wrong(right: Step, here: Here) -> Sequence[Sequence[int]]:
        found = tuple(tuple(batch) for batch in right(here))
        full = max(len(batch) for batch in found)
        sources = {"other": found[0], "all": tuple(range(here.case.samples))}

        def filled(batch: tuple[int, ...]) -> tuple[int, ...]:
            own = {"first": batch[:1], "last": batch[-1:], "own": batch}.get(source) or sources[source]
            missing = full - len(batch)
            return batch + (own * full)[: min(missing, 1) if once else missing]

        return tuple(filled(batch) for batch in found)

    return wrong


def _first_again() -> Iterator[Form]:
    """Take as many samples as each batch has from the front of the first one."""

    def wrong(right: Step, here: Here) -> Sequence[Sequence[int]]:
        found = right(here)
        return tuple(tuple(found[0][i % len(found[0])] for i in range(len(batch))) for batch in found)

    yield (("batches", wrong),)


def _one_missing() -> Iterator[Form]:
    """Leave out the first sample or the last, also where it is the only one: a mean has none to do without."""
    for kept, only in product((slice(1, None), slice(-1)), (True, False)):
        yield (("batches", _without(kept, only=only)),)


def _without(kept: slice, *, only: bool) -> Step:
    def wrong(right: Step, here: Here) -> Sequence[Sequence[int]]:
        fewest = 1 if only or here.case.conventions.reduction == "mean" else 0
        return tuple(batch[kept] if len(batch) > fewest else batch for batch in right(here))

    return wrong


def _mask_by_turns() -> Iterator[Form]:
    """Clear, update by update, the places where there is no edge, then those where there is one, and so on."""

    def cleared(here: Here, found: Array) -> Array:
        there = np.asarray(here.mask)
        return np.where(there if here.update % 2 else ~there, found, found.dtype.type(0))

    def gradient(right: Step, here: Here, delta: Array, previous: Array) -> Array:
        if here.mask is None:
            return right(here, delta, previous)
        return cleared(here, gradient_scale(here) * (delta.T @ previous))

    def update(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        found = right(here, parameters, by_parameter)
        return found if here.mask is None or found.ndim == 1 else cleared(here, found)

    yield ("gradient", gradient), ("update", update)
    yield (("gradient", gradient),)
    yield (("update", update),)


FORMS: dict[str, Any] = {
    "last-update-missing": lambda: [(("batches", lambda right, here: right(here)[:-1]),)],
    "mask-inverted-in-place": _mask_by_turns,
    "one-sample-missing": _one_missing,
    "momentum": _momenta,
    "weight-decay": _decays,
    "rate-from-float16": lambda: [(("update", _rounded_rate),)],
    "rate-squared": _rates_squared,
    "update-of-initial-weights": _from_initial,
    "batches-sorted": _in_their_order,
    "last-batch-repeats": _filled,
    "batches-first-only": _first_again,
}
