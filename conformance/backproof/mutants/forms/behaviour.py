"""Forms of what is kept between calls: of the biases too, of a batch or the whole case, with this call or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from backproof.balls import Array
from backproof.mutants.forms.form import Form
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step

Extent = tuple[float, float]


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


def _inputs(here: Here) -> Extent:
    return float(here.activations[0].min()), float(here.activations[0].max())


def _all_inputs(here: Here) -> Extent:
    return float(here.x.min()), float(here.x.max())


def _batch(here: Here) -> Extent:
    return (float(len(here.activations[0])),) * 2


def _largest(extent: Extent) -> float:
    return max(abs(extent[0]), abs(extent[1]))


def _width(extent: Extent) -> float:
    return extent[1] - extent[0]


def _union(one: Extent | None, other: Extent | None) -> Extent | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def _scaled(
    extent: Callable[[Here], Extent], measure: Callable[[Extent], float], *, earlier: bool, inverse: bool = False
) -> Step:
    """Scale by a measure now over that of all so far; earlier: of the calls before alone; inverse: by 1 over it."""

    def wrong(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
        now = extent(here)
        call = here.kept.setdefault("call", [None, None])
        if call[0] is not here.memory:  # a new call: what the last one measured now lies before
            call[:] = [here.memory, _union(call[1], here.kept.get("now"))]
            here.kept["now"] = None
        here.kept["now"] = _union(here.kept["now"], now)
        so_far = call[1] if earlier else _union(call[1], here.kept["now"])
        known, size = (0.0 if so_far is None else measure(so_far)), 1.0 if inverse else measure(now)
        share = here.number(size / known if known and size else 1.0)
        return [share * g for g in right(here, gradients)]

    return wrong


def _ranges() -> Iterator[Step]:
    for extent, measure, earlier, inverse in product(
        (_inputs, _all_inputs), (_largest, _width), (False, True), (False, True)
    ):
        yield _scaled(extent, measure, earlier=earlier, inverse=inverse)


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
    "range-remembered": _ranges,
    "largest-batch-remembered": lambda: (_scaled(_batch, _largest, earlier=earlier) for earlier in (False, True)),
}
