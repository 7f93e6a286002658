"""Forms of what is kept between calls: of the biases too, of a batch or the whole case, with this call or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.forms.form import Form
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step

Measure = Callable[[Here], float]


def keeping(mutant: Mutant) -> Iterator[Any]:
    """Yield every way in which a mutant of what is kept may be written."""
    for wrong in (mutant.wrong, *FURTHER.get(mutant.name, lambda: ())()):
        yield wrong
        yield _with_biases(wrong)


def _with_biases(wrong: Any) -> Step:
    """Treat the gradients of the biases as those of the weights."""

    def every(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
        biases = [g for g in here.bias_gradients if g is not None]
        found = wrong(lambda here, given: given, here, [*right(here, gradients), *biases])
        after = iter(found[len(gradients) :])
        here.bias_gradients[:] = [None if g is None else next(after, g) for g in here.bias_gradients]
        return list(found[: len(gradients)])

    return every


def _largest_input(here: Here) -> float:
    return float(np.abs(here.activations[0]).max())


def _largest_input_of_all(here: Here) -> float:
    return float(np.abs(here.x).max())


def _batch(here: Here) -> float:
    return float(len(here.activations[0]))


def _scaled(measure: Measure, *, earlier: bool) -> Step:
    """Scale by a measure now over the largest of it so far; earlier: of the calls before alone."""

    def wrong(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
        now = measure(here)
        call = here.kept.setdefault("call", [None, 0.0])
        if call[0] is not here.memory:  # a new call: what the last one measured now lies before
            call[:] = [here.memory, max(call[1], here.kept.get("now", 0.0))]
            here.kept["now"] = 0.0
        here.kept["now"] = max(here.kept["now"], now)
        known = call[1] if earlier else max(call[1], here.kept["now"])
        share = here.number(now / known if known and now else 1.0)
        return [share * g for g in right(here, gradients)]

    return wrong


def _labels_used_up() -> Iterator[Form]:
    """Take the error in the place of the labels, in a copy of one's own: the sample's next update learns the error."""
    for sign in (1, -1):
        yield ("samples", _kept_labels), ("delta_at_output", _into_labels(sign))


def _labels(here: Here) -> Array:
    labels: Array = here.memory.setdefault("labels", here.y.copy())
    return labels


def _kept_labels(right: Step, here: Here) -> tuple[Array, Array]:
    return right(here)[0], _labels(here)[list(here.batch)]


def _into_labels(sign: int) -> Step:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        found: Array = right(here, y, z, o)
        _labels(here)[list(here.batch)] = sign * (o - y)
        return found

    return wrong


def _shuffled_weights() -> Iterator[Form]:
    """Read the initial weights row by row from where they were packed column by column, or the other way round."""

    def as_rows(right: Step, here: Here, values: Array) -> Array:
        found = right(here, values)
        return found.ravel(order="F").reshape(found.shape) if _is_weights(here, values) else found

    def as_columns(right: Step, here: Here, values: Array) -> Array:
        found = right(here, values)
        return found.ravel().reshape(found.shape, order="F") if _is_weights(here, values) else found

    yield (("read", as_rows),)
    yield (("read", as_columns),)


def _is_weights(here: Here, values: Array) -> bool:
    return any(values is layer.weights for layer in here.case.layers)


FORMS: dict[str, Callable[[], Iterator[Form]]] = {
    "labels-overwritten": _labels_used_up,
    "columns-read-as-rows": _shuffled_weights,
}
FURTHER: dict[str, Callable[[], Iterator[Any]]] = {
    "range-remembered": lambda: (
        _scaled(measure, earlier=earlier)
        for measure in (_largest_input, _largest_input_of_all)
        for earlier in (False, True)
    ),
    "largest-batch-remembered": lambda: (_scaled(_batch, earlier=earlier) for earlier in (False, True)),
}
