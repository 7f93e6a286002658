"""What comes in from outside is checked here, exactly and with a message that says what to do.

None of it is on the fast path.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backproof_numpy.arrays import BoolArray, DType, FloatArray
from backproof_numpy.errors import ChoiceError, DomainError, DtypeError, ShapeError
from backproof_numpy.screening import label_sum_tolerance

DTYPES = (np.dtype(np.float64), np.dtype(np.float32))
# Data sets are checked in pieces of about this many numbers, so that the check needs no memory of
# their size.
PIECE = 1 << 16


def as_parameters(name: str, value: ArrayLike, ndim: int) -> FloatArray:
    """Return a private, read-only, C-contiguous copy of a non-empty array of floats."""
    array = _as_array(name, value)
    if array.dtype not in DTYPES:
        raise DtypeError(
            name,
            "float32 or float64",
            str(array.dtype),
            f"convert with {name}.astype(numpy.float64)",
        )
    if array.ndim != ndim or array.size == 0:
        shape = "(n_out, n_in)" if ndim == 2 else "(n_out,)"  # noqa: PLR2004  # two axes: a matrix
        raise ShapeError(
            name,
            f"a non-empty array of shape {shape}",
            f"shape {array.shape}",
            "give one row per neuron",
        )
    check_finite(name, array)
    copy = np.array(array, order="C")
    copy.flags.writeable = False
    return copy


def as_mask(value: ArrayLike, shape: tuple[int, ...]) -> BoolArray:
    """Return a private, read-only copy of a connection mask, True where the edge exists."""
    array = _as_array("mask", value)
    if array.dtype != np.bool_:
        raise DtypeError(
            "mask",
            "booleans, True where the edge exists",
            str(array.dtype),
            "convert with mask.astype(bool)",
        )
    if array.shape != shape:
        raise ShapeError(
            "mask",
            f"the shape of the weights, {shape}",
            f"shape {array.shape}",
            "give one entry per weight",
        )
    copy = np.array(array, order="C")
    copy.flags.writeable = False
    return copy


def as_batch(name: str, value: ArrayLike, columns: int, dtype: DType) -> FloatArray:
    """Return samples or labels as an array (batch, columns), without a copy if it is one already.

    Numbers without a dtype of their own (lists) take the network's; arrays of another dtype are
    refused, not cast.
    """
    array = np.asarray(value) if hasattr(value, "dtype") else _as_array(name, value, dtype)
    if array.dtype != dtype:
        raise DtypeError(
            name,
            f"{dtype}, the dtype of the weights",
            str(array.dtype),
            f"convert with {name}.astype(numpy.{dtype})",
        )
    if array.ndim != 2 or array.shape[1] != columns or array.shape[0] == 0:  # noqa: PLR2004  # two axes: (batch, columns)
        raise ShapeError(
            name,
            f"shape (batch, {columns}) with batch >= 1",
            f"shape {array.shape}",
            "give one row per sample",
        )
    return array


def check_finite(name: str, array: FloatArray) -> None:
    """Refuse NaN and infinity, and say where the first is."""
    good = np.isfinite(array)
    if not good.all():
        raise DomainError(name, "finite numbers", _first(array, ~good), "remove NaN and infinity")


def check_labels(rule: str, y: FloatArray) -> None:
    """Refuse labels that the loss does not allow.

    "finite", "unit" (0 <= y <= 1) or "distribution" (and each row sums to 1).
    """
    check_finite("y", y)
    if rule == "finite":
        return
    outside = (y < 0) | (y > 1)
    if outside.any():
        hint = "scale the labels, or use the squared loss"
        raise DomainError("y", "labels between 0 and 1", _first(y, outside), hint)
    if rule == "distribution":
        sums = y.sum(axis=1)
        off = np.abs(sums - 1) > label_sum_tolerance(y.shape[1], y.dtype)
        if off.any():
            row = int(np.argmax(off))
            hint = "give one-hot rows or probabilities, or normalise each row"
            raise DomainError("y", "labels that sum to 1 in each row", f"the sum {sums[row]!s} in row {row}", hint)


def check_samples(rule: str, x: FloatArray, y: FloatArray) -> None:
    """Check all samples and labels of a data set piece by piece."""
    rows = max(1, PIECE // max(x.shape[1], y.shape[1]))
    for start in range(0, len(x), rows):
        try:
            check_finite("x", x[start : start + rows])
            check_labels(rule, y[start : start + rows])
        except DomainError as error:
            if start == 0:
                raise
            got = f"{error.got} counted from row {start}"
            raise DomainError(error.argument, error.expected, got, error.hint) from None


def check_same_length(x: FloatArray, y: FloatArray) -> None:
    """Refuse samples and labels of different number."""
    if len(x) != len(y):
        raise ShapeError(
            "y",
            f"as many rows as x, {len(x)}",
            f"{len(y)} rows",
            "give one row of labels per sample",
        )


def check_choice(name: str, value: object, known: Iterable[object]) -> None:
    """Refuse what is not among the known choices."""
    choices = list(known)
    if not any(value is choice or (type(value) is type(choice) and value == choice) for choice in choices):
        listed = ", ".join(repr(choice) for choice in choices)
        raise ChoiceError(name, f"one of {listed}", repr(value), "check the spelling")


def as_real(name: str, value: object, *, positive: bool) -> float:
    """Return a finite real number as a float, above 0 if `positive`."""
    number = float(value) if isinstance(value, int | float | np.floating | np.integer) else math.nan
    if isinstance(value, bool) or not math.isfinite(number) or (positive and number <= 0):
        expected = "a finite number above 0" if positive else "a finite number"
        raise DomainError(name, expected, repr(value), "choose another value")
    return number


def as_count(name: str, value: object) -> int:
    """Return a whole number of at least 1 as an int."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise DomainError(name, "a whole number of at least 1", repr(value), "choose another value")
    return int(value)


def as_indices(name: str, value: ArrayLike, length: int) -> NDArray[np.intp]:
    """Return sample indices as an array, each from 0 to length - 1."""
    array = _as_array(name, value)
    if array.size and array.dtype.kind not in "iu":
        raise DtypeError(name, "whole numbers", str(array.dtype), "give the indices of the samples")
    if array.ndim != 1 or array.size == 0:
        raise ShapeError(
            name,
            "a non-empty sequence of sample indices",
            f"shape {array.shape}",
            "list at least one sample",
        )
    outside = (array < 0) | (array >= length)
    if outside.any():
        hint = "indices count from 0, and negative ones are not allowed"
        raise DomainError(name, f"indices from 0 to {length - 1}", _first(array, outside), hint)
    return np.array(array, np.intp)


def _as_array(name: str, value: ArrayLike, dtype: DType | None = None) -> NDArray[Any]:
    try:
        return np.asarray(value, dtype)
    except (ValueError, TypeError) as error:
        kind = type(value).__name__
        raise DtypeError(
            name, "an array of numbers", f"a {kind} NumPy cannot convert", "make it rectangular"
        ) from error


def _first(array: NDArray[Any], wrong: BoolArray) -> str:
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{array[index]!s} at index {list(index)}"
