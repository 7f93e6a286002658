"""Gradient descent over a data set: batch (M1), stochastic (M2), mini-batch (M3).

The data are streamed: a batch in natural order is a slice, any other is gathered into one reused
buffer. A data set that is a memory map is read batch by batch and never copied.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backproof_numpy.arrays import FloatArray
from backproof_numpy.errors import CombinationError, DomainError
from backproof_numpy.losses import LOSSES, Scalar
from backproof_numpy.network import Network
from backproof_numpy.results import Backward
from backproof_numpy.validation import (
    as_batch,
    as_count,
    as_indices,
    check_choice,
    check_same_length,
    check_samples,
)


class Progress(NamedTuple):
    """What a callback is told after each update.

    Epochs and updates count from 1, `samples` is the batch's size.

    `result` holds views of buffers that the next update overwrites; `result.copy()` keeps them.
    """

    epoch: int
    update: int
    samples: int
    result: Backward


Callback = Callable[[Progress], bool | None]


@dataclass(frozen=True, eq=False)
class History:
    """What `fit` did: `losses`, (epochs,), the loss of each epoch, and the number of `updates`.

    The loss of an epoch is E over all its samples, each seen before the update that it led to: the
    sum of the batches' losses under reduction="sum", their mean weighted by batch size under
    "mean".
    """

    losses: FloatArray
    updates: int


def fit(  # every one is a choice of the user, all but the data keyword-only
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    *,
    learning_rate: float,
    epochs: int,
    mode: Literal["batch", "stochastic", "mini-batch"] = "batch",
    batch_size: int | None = None,
    order: ArrayLike | None = None,
    seed: int | None = None,
    callback: Callback | None = None,
) -> History:
    """Train the network by gradient descent, for a number of passes over the samples.

    Formula: after each batch W <- W - alpha dE/dW, with E the loss of that batch.

    Arguments:
        network: changed in place. x, y: (n, n_in) and (n, k) of the network's dtype, memory maps
        included; checked once, never copied. learning_rate: alpha > 0. epochs: passes over the
        samples, at least 1. mode: "batch", one update for all samples; "stochastic", one for each
        sample; "mini-batch", one for each
            `batch_size` samples, the last batch holding what is left.
        batch_size: for "mini-batch", and only for it. order: the sample indices of an epoch, used
        in every epoch; they may repeat or leave samples out. seed: shuffle the samples anew in each
        epoch, reproducibly. Without order and seed: the natural order. callback: called with a
        `Progress` after each update; descent ends when it returns True.

    Returns: `History`.

    Raises: ShapeError, DtypeError, DomainError, ChoiceError, CombinationError.

    Source: M1 `batch-gradient-descent`, M2 `stochastic-gradient-descent`, M3 `mini-batch-gradient-
        descent`.
    """
    samples = as_batch("x", x, network.n_in, network.dtype)
    labels = as_batch("y", y, network.n_out, network.dtype)
    check_same_length(samples, labels)
    epochs = as_count("epochs", epochs)
    indices, generator = _order(len(samples), order, seed)
    count = len(samples) if indices is None else len(indices)
    size = _batch_size(mode, batch_size, count)
    check_samples(LOSSES[network.loss].labels, samples, labels)

    batches = _Batches(samples, labels, indices, size)
    losses = np.zeros(epochs, network.dtype)
    updates = 0
    for epoch in range(epochs):
        if generator is not None and indices is not None:
            generator.shuffle(indices)
        total: Scalar = network.dtype.type(0)
        for batch_x, batch_y in batches:
            result = network.step(batch_x, batch_y, learning_rate, check=False)
            updates += 1
            total += result.loss if network.reduction == "sum" else result.loss * (len(batch_x) / count)
            if callback is not None and callback(Progress(epoch + 1, updates, len(batch_x), result)):
                losses[epoch] = total
                return History(losses[: epoch + 1], updates)
        losses[epoch] = total
    return History(losses, updates)


class _Batches:
    """The batches of one epoch, in natural order or gathered by index into one reused buffer."""

    def __init__(self, x: FloatArray, y: FloatArray, indices: NDArray[np.intp] | None, size: int) -> None:
        self._data = x, y
        self._indices = indices
        self._size = size
        rows = 0 if indices is None else size
        self._buffers = np.empty((rows, x.shape[1]), x.dtype), np.empty((rows, y.shape[1]), y.dtype)

    def __iter__(self) -> Iterator[tuple[FloatArray, FloatArray]]:
        (x, y), (x_rows, y_rows) = self._data, self._buffers
        size, indices = self._size, self._indices
        if indices is None:
            for start in range(0, len(x), size):
                yield x[start : start + size], y[start : start + size]
            return
        for start in range(0, len(indices), size):
            chosen = indices[start : start + size]
            yield (
                _gather(x, chosen, x_rows[: len(chosen)]),
                _gather(y, chosen, y_rows[: len(chosen)]),
            )


def _gather(source: FloatArray, indices: NDArray[np.intp], rows: FloatArray) -> FloatArray:
    if source.flags.c_contiguous:
        # mode="clip" writes straight into `rows`, where "raise" would allocate; the indices are
        # known to be in range.
        source.take(indices, 0, rows, "clip")
    else:
        # `take` would copy all of a source in another memory order, indexing copies the chosen rows
        # only.
        rows[...] = source[indices]
    return rows


def _order(
    length: int, order: ArrayLike | None, seed: int | None
) -> tuple[NDArray[np.intp] | None, np.random.Generator | None]:
    if order is not None and seed is not None:
        raise CombinationError("order", "an order or a seed, not both", f"both, seed={seed!r}", "leave one of them out")
    if order is not None:
        return as_indices("order", order, length), None
    if seed is None:
        return None, None
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise DomainError("seed", "a whole number of at least 0", repr(seed), "choose another value")
    return np.arange(length), np.random.default_rng(seed)


def _batch_size(mode: str, batch_size: int | None, count: int) -> int:
    check_choice("mode", mode, ("batch", "stochastic", "mini-batch"))
    if mode != "mini-batch":
        if batch_size is not None:
            hint = "leave it out, or use mode='mini-batch'"
            raise CombinationError("batch_size", f"none with mode={mode!r}", repr(batch_size), hint)
        return count if mode == "batch" else 1
    if batch_size is None:
        raise CombinationError("batch_size", "a batch size with mode='mini-batch'", "none", "give it a number")
    return min(as_count("batch_size", batch_size), count)
