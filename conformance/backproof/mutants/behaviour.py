"""Mutants of behaviour: one call is right; the inputs, the next call or another memory order are not."""

from __future__ import annotations

import numpy as np

from backproof.balls import Array
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step


def _labels_overwritten(right: Step, here: Here) -> None:
    """Take the error in the array of the labels."""
    if here.case.y.flags.writeable:
        here.case.y[list(here.batch)] -= here.activations[-1]


def _inputs_centred(right: Step, here: Here) -> None:
    """Centre the samples in place, for the next epoch."""
    if here.case.x.flags.writeable:
        here.case.x[...] -= 1 + here.case.x.mean(axis=0)


def _mask_inverted(right: Step, here: Here) -> None:
    """Turn the masks into the places to be cleared, in place."""
    for layer in here.case.layers:
        if layer.mask is not None and layer.mask.flags.writeable:
            np.logical_not(layer.mask, out=layer.mask)


def _as_rows(right: Step, here: Here, values: Array) -> Array:
    """Read the memory of a matrix in columns as if it stood in rows."""
    found = right(here, values)
    return np.asarray(found.ravel(order="K").reshape(found.shape) if found.flags.f_contiguous else found)


def _without_strides(right: Step, here: Here, values: Array) -> Array:
    """Read on in memory from the first element, as if the elements stood side by side."""
    found = right(here, values)
    steps = [found.itemsize * int(np.prod(found.shape[axis + 1 :])) for axis in range(found.ndim)]
    apart = not (found.flags.c_contiguous or found.flags.f_contiguous)
    return np.lib.stride_tricks.as_strided(found, found.shape, steps) if apart else found


def _accumulated(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
    """Add the gradients to those of the calls before: they are not zeroed."""
    found: list[Array] = right(here, gradients)
    sums: list[Array] = here.kept.setdefault(here.update, [np.zeros_like(g) for g in found])
    total: list[Array] = [before + g for before, g in zip(sums, found, strict=True)]
    here.kept[here.update] = total
    return total


def _cached_by_shape(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
    """Return the gradients of the first call with as many samples."""
    found = right(here, gradients)
    first: list[Array] = here.kept.setdefault((here.update, len(here.activations[0])), list(found))
    return first


def _order_remembered(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
    """Take the activations of the first call with the same samples, in the order in which they stood then."""
    inputs = here.kept.setdefault((here.update, tuple(sorted(here.batch))), list(here.activations[:-1]))
    masks = [layer.mask for layer in here.case.layers]
    found = [delta.T @ previous for delta, previous in zip(here.deltas, inputs, strict=True)]
    return [g if mask is None else np.where(mask, g, g.dtype.type(0)) for g, mask in zip(found, masks, strict=True)]


def _largest_batch(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
    """Scale by the share of the largest batch that was ever seen."""
    count = len(here.activations[0])
    here.kept[here.update] = max(count, here.kept.get(here.update, 0))
    share = here.number(count / here.kept[here.update])
    return [share * g for g in right(here, gradients)]


def _range_kept(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
    """Scale by the largest input now over the largest input ever."""
    largest = float(np.abs(here.activations[0]).max())
    here.kept[here.update] = max(largest, here.kept.get(here.update, 0.0))
    share = here.number(largest / here.kept[here.update] if largest else 1.0)
    return [share * g for g in right(here, gradients)]


def _different_each_time(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
    """Lose the gradient of the first sample's strongest input in every second call: a race."""
    found = right(here, gradients)
    here.kept[here.update] = here.kept.get(here.update, 0) + 1
    return found if here.kept[here.update] % 2 else [g * here.number(0.999) for g in found]


def _never_zero(right: Step, here: Here, deltas: Array) -> Array:
    """Replace an error of exactly 0 by the smallest normal number."""
    found = right(here, deltas)
    return np.asarray(np.where(found == 0, np.finfo(found.dtype).tiny, found))


MUTANTS = (
    Mutant(
        "labels-overwritten",
        "leave",
        _labels_overwritten,
        "the error is taken in the array of the labels",
        "the next epoch learns other labels",
        "NVIDIA/apex#1430",
    ),
    Mutant(
        "inputs-centred-in-place",
        "leave",
        _inputs_centred,
        "the caller's samples are centred in place",
        "whatever else uses them sees other data",
        "NVIDIA/apex#1587",
    ),
    Mutant("mask-inverted-in-place", "leave", _mask_inverted, "the mask is inverted in place", "edges come and go"),
    Mutant(
        "columns-read-as-rows",
        "read",
        _as_rows,
        "an array in Fortran order is read as if it were in C order",
        "weights are shuffled",
        "pytorch#162779",
    ),
    Mutant(
        "strides-ignored",
        "read",
        _without_strides,
        "the strides of an array are ignored",
        "foreign memory is read as samples",
        "flash-attention#355",
    ),
    Mutant(
        "gradients-kept-between-calls",
        "keep",
        _accumulated,
        "gradients are added to those of the call before",
        "every step is longer than the last",
        "karpathy/micrograd#102",
    ),
    Mutant(
        "cached-by-shape",
        "keep",
        _cached_by_shape,
        "what is cached is found again by its shape alone",
        "old gradients are used with new samples",
        "gHashTag/trinity#571",
    ),
    Mutant(
        "order-remembered",
        "keep",
        _order_remembered,
        "activations are cached for a set of samples, whatever their order",
        "a shuffled batch is paired with the wrong deltas",
        "torch/nn#1015",
    ),
    Mutant(
        "largest-batch-remembered",
        "keep",
        _largest_batch,
        "a mean is taken over the largest batch ever seen",
        "smaller batches learn more slowly",
        "LBANN#10",
    ),
    Mutant(
        "range-remembered",
        "keep",
        _range_kept,
        "the range of inputs of earlier calls scales the gradients",
        "what was called before changes the result",
    ),
    Mutant(
        "every-second-call-differs",
        "keep",
        _different_each_time,
        "every second call gives slightly other gradients",
        "runs cannot be repeated",
        "pytorch#20980",
    ),
    Mutant(
        "error-never-zero",
        "exact_zero",
        _never_zero,
        "an error of exactly 0 is replaced by a tiny number",
        "nothing ever comes to rest",
    ),
)
