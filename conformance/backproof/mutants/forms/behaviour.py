"""Forms of what is kept between calls: of the biases too, of a batch or the whole case, with this call or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.forms.form import Form
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step

Extent = tuple[float, float]
SMALL = (1e-8, 1e-10, 1e-12, 1e-7, 1e-6, 1e-9, 1e-15, 1e-16, 2.0**-52, 2.0**-23, 1e-5, 1e-4, 1e-3, 1e-20, 1e-30, 1e-300)


def keeping(mutant: Mutant) -> Iterator[Any]:
    """Yield every way in which a mutant of what is kept may be written."""
    for wrong in (mutant.wrong, *FURTHER.get(mutant.name, lambda: ())()):
        yield wrong
        yield with_biases(wrong)


def with_biases(wrong: Any) -> Step:
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


def _cached_in_a_run() -> Iterator[Form]:
    """Return the gradients of the first batch of the same size, of this run alone."""

    def cached(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
        found = right(here, gradients)
        first: list[Array] = here.memory.setdefault(("cached", len(here.activations[0])), list(found))
        return first

    yield (("keep", cached),)
    yield (("keep", with_biases(cached)),)


def written(mutant: Mutant) -> Iterator[Form]:
    """Yield how a mutant that writes into its inputs may go on with what it wrote."""
    if mutant.name == "inputs-centred-in-place":
        for over_batch, with_spread in product((False, True), (False, True)):
            yield ("read", _centred(with_spread=with_spread)), ("leave", _left_centred(with_spread=with_spread))
            if over_batch:
                yield (("leave", _left_centred(with_spread=with_spread)),)


def _centred(*, with_spread: bool) -> Step:
    def wrong(right: Step, here: Here, values: Array) -> Array:
        found = right(here, values)
        return _standard(found, with_spread=with_spread) if values is here.case.x else found

    return wrong


def _left_centred(*, with_spread: bool) -> Step:
    def wrong(right: Step, here: Here) -> None:
        if here.case.x.flags.writeable:
            here.case.x[...] = _standard(here.case.x, with_spread=with_spread)

    return wrong


def _standard(x: Array, *, with_spread: bool) -> Array:
    centred = x - x.mean(axis=0)
    spread = x.std(axis=0)
    return np.asarray(centred / np.where(spread == 0, 1, spread) if with_spread else centred, dtype=x.dtype)


def misread(mutant: Mutant) -> Iterator[Form]:
    """Yield which arrays a mutant misreads that reads memory in the wrong order, and what it takes for in order."""
    ways = (mutant.wrong, _by_pointer) if mutant.name == "strides-ignored" else (mutant.wrong,)
    for wrong, names in product(ways, (("x", "y", "parameters"), ("x", "y"), ("x",), ("parameters",))):
        yield (("read", _only_of(names, wrong)),)


def _only_of(names: tuple[str, ...], wrong: Any) -> Step:
    def read(right: Step, here: Here, values: Array) -> Array:
        name = "x" if values is here.case.x else "y" if values is here.case.y else "parameters"
        return np.asarray(wrong(right, here, values)) if name in names else right(here, values)

    return read


def _by_pointer(right: Step, here: Here, values: Array) -> Array:
    """Read on in memory from the first element, whatever the order of the array is."""
    found = right(here, values)
    steps = [found.itemsize * int(np.prod(found.shape[axis + 1 :])) for axis in range(found.ndim)]
    return found if found.flags.c_contiguous else np.lib.stride_tricks.as_strided(found, found.shape, steps)


def _never_zero() -> Iterator[Form]:
    """Yield the small numbers that take the place of an error of exactly 0, before or after a factor 2."""
    for small in SMALL:
        yield (("exact_zero", _at_least(small)),)
        yield (("exact_zero", _at_least(2 * small)),)
        yield (("delta_at_output", _error_at_least(small)),)


def _at_least(small: float) -> Step:
    def wrong(right: Step, here: Here, deltas: Array) -> Array:
        found = right(here, deltas)
        return np.asarray(np.where(found == 0, found.dtype.type(small), found))

    return wrong


def _error_at_least(small: float) -> Step:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        found = np.asarray(right(here, y, z, o))
        if here.case.loss == "squared" and not here.rule.elementwise:
            return found
        unit = right(here, o - 1, z, o)  # dJ/dz is linear in o - y: what an error of 1 gives
        return np.where(o == y, o.dtype.type(small) * unit, found)

    return wrong


# How each step of a mutant of behaviour may be written; what is kept is looked at for every scope as well.
OF_STEP: dict[str, Callable[[Mutant], Iterator[Form]]] = {"leave": written, "read": misread}
FORMS: dict[str, Callable[[], Iterator[Form]]] = {
    "cached-by-shape": _cached_in_a_run,
    "error-never-zero": _never_zero,
    "labels-overwritten": _labels_used_up,
    "columns-read-as-rows": _shuffled_weights,
}
FURTHER: dict[str, Callable[[], Iterator[Any]]] = {
    "range-remembered": _ranges,
    "largest-batch-remembered": lambda: (_scaled(_batch, _largest, earlier=earlier) for earlier in (False, True)),
}
