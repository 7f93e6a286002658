"""Judging where a subject shows its arrays: on another device, through the array API standard (tried with torch alone).

Only sums come over, as long as a row or a column of a matrix, and the rows that a first bound does not decide. What the
generator gives is made there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import array_api_compat
import numpy as np

from backproof.observation import from_device
from backproof.probes import philox
from backproof.probes.place import Place
from backproof.probes.reading import Elsewhere
from backproof.probes.sources import ELEMENTS, FEW, WORD, WORDS, Array, Generated, Source, row_blocks
from backproof_spec import elementary

FEWEST = 1 << 20  # elements of a block, at least: fewer, and the calls for each cost more than its numbers
AHEAD = 16  # blocks for which the generator makes its words at once
PARTS = 256  # of the parameters: a block has no more than one of these, where that is more


def device_of(example: Any, parameters: int) -> Device | None:
    """Return the place of an array on another device, or None where it cannot be judged there.

    It can where its library follows the array API standard and the device has float64. parameters: of the network.
    """
    if not array_api_compat.is_array_api_obj(example):
        return None
    try:
        return Device(example, parameters)
    except Exception:  # noqa: BLE001 - in the words of each library
        return None


class Device(Place):
    """A device; an array of the place is one of the library that the subject uses."""

    def __init__(self, example: Any, parameters: int) -> None:
        """Name an array on the device, and how many parameters the network has.

        Raises what the array's library raises where the device has no float64, or TypeError.
        """
        self._xp, self._device = array_api_compat.array_namespace(example), array_api_compat.device(example)
        super().__init__(str(self._device))
        self._elements = max(FEWEST, parameters // PARTS)
        self._ahead: tuple[Any, int, Any] = (None, 0, None)
        double = self.double(example[:1])
        if double.dtype != self._xp.float64:
            msg = f"{self.name} gives no float64"
            raise TypeError(msg)
        elementary.register(type(double), _functions(self._xp, self._device))

    def put(self, values: Array) -> Any:
        """Return a NumPy array as an array on the device."""
        return array_api_compat.to_device(self._xp.asarray(np.ascontiguousarray(values)), self._device)

    def get(self, values: Any) -> Array:
        """Return a copy in memory."""
        return from_device(values)

    def rows(self, source: Source, start: int, stop: int) -> Any:
        """Return rows start to stop - 1: those that lie on a device are a view, or come from device to device."""
        if isinstance(source, Elsewhere):
            return array_api_compat.to_device(source.there(start, stop), self._device)
        if isinstance(source, Generated):
            return self._generated(source, start, stop)
        return self.put(source.rows(start, stop))

    def _generated(self, source: Generated, start: int, stop: int) -> Any:
        """Return rows of the generator, made here: 16 bits from each byte on, signed, times a power of two."""
        xp, (first, size) = self._xp, source.span(start, stop)
        found = philox.windows(xp, self._words(source, first // WORD, (first + size) // WORD + 1))
        found = found[first % WORD : first % WORD + size]
        found = found - ((found >> (philox.WINDOW - 1)) << philox.WINDOW)
        values = xp.astype(found, getattr(xp, source.dtype.name)) * (source.scale / 2**15)
        return xp.reshape(values, (stop - start, *source.shape[1:]))

    def _words(self, source: Generated, first: int, last: int) -> Any:
        """Return words first to last - 1 of a source, made some blocks ahead: they are an eighth of its elements."""
        known, begin, made = self._ahead
        if known is not source or not begin <= first <= last <= begin + made.shape[0]:
            begin = first - first % WORDS
            count = max(last - begin, min(AHEAD * self._elements, source.size) // WORD)
            counters = self._xp.arange(
                begin // WORDS + 1, (begin + count) // WORDS + 2, dtype=self._xp.int64, device=self._device
            )
            made = philox.words(self._xp, counters, (source.seed, source.stream))
            self._ahead = source, begin, made
        return made[first - begin : last - begin]

    def double(self, values: Any) -> Any:
        """Return a copy in float64."""
        return self._xp.astype(values, self._xp.float64)

    def blocks(self, shape: tuple[int, ...], elements: int = FEW) -> Iterator[tuple[int, int]]:  # noqa: ARG002 - memory's
        """Yield the rows (start, stop) of blocks; how many elements suit a cache does not matter here."""
        return row_blocks(shape, self._elements)

    def reader(self, source: Source, shape: tuple[int, ...], elements: int = ELEMENTS) -> Any:  # noqa: ARG002 - memory's
        """Return a reader of the blocks that `blocks` yields."""
        return _Reader(self, source)

    def beside(self, *parts: Any) -> Any:
        """Return matrices side by side."""
        return self._xp.concat(parts, axis=1)

    def sums(self, values: Any, signs: Any) -> Any:
        """Return M R."""
        return values @ signs

    def rough(self, values: Any, others: Any) -> Any:
        """Return the product of two matrices in float64: in float32 the subject may have turned TF32 on."""
        return self.double(values) @ self.double(others)

    def squares(self, values: Any, axis: int) -> Any:
        """Return the sums of squares of a matrix along an axis."""
        return self._xp.sum(values * values, axis=axis)

    def square(self, values: Any) -> float:
        """Return the sum of the squares of a matrix."""
        return float(self._xp.sum(values * values))

    def largest(self, values: Any) -> Any:
        """Return the largest element of each row, as a column."""
        return self._xp.max(values, axis=-1, keepdims=True)

    def equal(self, values: Any, others: Any) -> bool:
        """Return whether two arrays are equal everywhere; NaN is equal to nothing."""
        return bool(self._xp.all(values == others))

    def stepped(self, weights: Any, gradient: Any, rate: float, spare: Any) -> Any:  # noqa: ARG002 - memory's
        """Return w - alpha g, rounded twice in their dtype."""
        return weights - gradient * rate

    def undecided(self, error: Any) -> Array:
        """Return the rows in which not every element is at most 1; NaN is not."""
        within = self._xp.astype(self._xp.all(error <= 1, axis=1), self._xp.int8)
        return np.flatnonzero(self.get(within) == 0)


def _functions(xp: Any, device: Any) -> Mapping[str, Any]:
    """Return the elementary functions of the spec, for arrays of one library; the standard itself has no erfc."""

    def by_sign(z: Any, negative: Any, zero: Any, positive: Any) -> Any:
        def full(choice: Any) -> Any:
            return xp.full_like(z, float(choice)) if np.ndim(choice) == 0 else choice

        found = xp.where(z > 0, full(positive), full(negative))
        found = xp.where(z == 0, full(zero), found)
        return xp.where(xp.isnan(z), z, found)

    def guarded(x: Any, y: Any, found: Any) -> Any:
        found = xp.where(x == 0, xp.zeros_like(y), found)
        return xp.where(xp.isnan(y), y, found)

    def whole(y: Any, x: Any) -> Any:
        return xp.where(x == 0, xp.ones_like(y), y)

    def normal_cdf(x: Any) -> Any:
        if hasattr(xp, "erfc"):  # torch
            return xp.erfc(-x / math.sqrt(2)) / 2
        return array_api_compat.to_device(xp.asarray(elementary.normal_cdf(from_device(x))), device)

    return {
        "exp": xp.exp,
        "expm1": xp.expm1,
        "log": xp.log,
        "log1p": xp.log1p,
        "sqrt": lambda x: math.sqrt(x) if isinstance(x, float) else xp.sqrt(x),
        "tanh": xp.tanh,
        "normal_cdf": normal_cdf,
        "pi": lambda _: math.pi,
        "xlogy": lambda x, y: guarded(x, y, x * xp.log(whole(y, x))),
        "xdivy": lambda x, y: guarded(x, y, x / whole(y, x)),
        "by_sign": by_sign,
    }


class _Reader:
    """Blocks of rows of one source, in its dtype and in float64."""

    def __init__(self, place: Device, source: Source) -> None:
        self._place, self._source = place, source

    def __call__(self, start: int, stop: int) -> tuple[Any, Any]:
        """Return rows start to stop - 1, in the source's dtype and in float64."""
        found = self._place.rows(self._source, start, stop)
        return found, self._place.double(found)

    def absolute(self, found: Any) -> Any:
        """Return the absolute values of a block, in its dtype."""
        return abs(found)

    def spare(self, count: int) -> None:
        """Return no buffer: results are allocated by the device's own pool."""
