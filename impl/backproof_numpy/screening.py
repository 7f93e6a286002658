"""Tests of whole arrays at almost no cost: so that every step can afford to check its inputs.

A comparison writes its booleans into a NumPy view of a `bytearray`, and `0 in` the bytearray finds
a False at the speed of memchr. Nothing is allocated, no floating-point flag is raised, and the
answer is exact; who refuses says why with `validation`.
"""

from collections.abc import Callable
from math import prod
from typing import TypeAlias

import numpy as np
from numpy import absolute, greater_equal, isfinite, less_equal, subtract

from backproof_numpy.arrays import DType, FloatArray

Screen: TypeAlias = Callable[[FloatArray], bool]


def finite_screen(shape: tuple[int, ...]) -> Screen:
    """Return a test whether every element of an array of this shape is finite."""
    store = bytearray(prod(shape))
    flags = np.frombuffer(store, bool).reshape(shape)

    def accepts(array: FloatArray) -> bool:
        isfinite(array, flags)
        return 0 not in store

    return accepts


def unit_screen(shape: tuple[int, ...], dtype: DType) -> Screen:
    """Return a test whether every element of an array of this shape is from 0 to 1."""
    store = bytearray(prod(shape))
    flags = np.frombuffer(store, bool).reshape(shape)
    zero, one = np.zeros((), dtype), np.ones((), dtype)

    def accepts(array: FloatArray) -> bool:
        greater_equal(array, zero, flags)
        if 0 in store:
            return False
        less_equal(array, one, flags)
        return 0 not in store

    return accepts


def distribution_screen(shape: tuple[int, ...], dtype: DType) -> Screen:
    """Return a test of (batch, k) arrays.

    Is every element between 0 and 1, and does each row sum to 1?
    """
    batch, k = shape
    store = bytearray(batch)
    flags = np.frombuffer(store, bool)
    in_unit = unit_screen(shape, dtype)
    ones, one, tolerance = (
        np.ones(k, dtype),
        np.ones((), dtype),
        np.array(label_sum_tolerance(k, dtype), dtype),
    )
    sums, distances = np.empty(batch, dtype), np.empty(batch, dtype)

    def accepts(array: FloatArray) -> bool:
        if not in_unit(array):
            return False
        array.dot(ones, sums)
        subtract(sums, one, distances)
        absolute(distances, sums)
        less_equal(sums, tolerance, flags)
        return 0 not in store

    return accepts


def label_screen(rule: str, shape: tuple[int, ...], dtype: DType) -> Screen:
    """Return the test of labels for a rule: "finite", "unit" or "distribution"."""
    if rule == "finite":
        return finite_screen(shape)
    return unit_screen(shape, dtype) if rule == "unit" else distribution_screen(shape, dtype)


def label_sum_tolerance(k: int, dtype: DType) -> float:
    """Return how far k rounded labels may sum from 1.

    u for rounding each of them, (k - 1) u for adding them up.
    """
    return k * float(np.finfo(dtype).eps) / 2
