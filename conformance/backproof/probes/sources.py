"""Block sources: arrays of which only some rows need to be in memory at a time.

A source has a shape, a dtype, and `rows(i, j)`, which returns rows i to j - 1 as an array. What a subject shows is one
already (a view, never a copy); parameters before a step are regenerated.

The generator: element e of a matrix, in row-major order, is the 16 bits (two's complement, little-endian) from byte e
on in the stream of Philox 4x64-10 (Salmon et al., 2011; NumPy promises its words) with the key (seed, stream), times a
power of two: exact in float32, and the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]

WORD = 8  # bytes
WORDS = 4  # words for each count of the generator's counter
MATRIX = 2
ELEMENTS = 1 << 16  # of a block that is read into buffers: what stays in a processor's cache
FEW = 1 << 13  # of a block whose intermediate results are allocated: larger ones would be mapped anew each time


class Source(Protocol):
    """A matrix (or vector) that is handed out in blocks of rows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the blocks."""

    def rows(self, start: int, stop: int) -> Array:
        """Return rows start to stop - 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """An array as a source; its rows are views."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the array."""
        return self.array.dtype

    def rows(self, start: int, stop: int) -> Array:
        """Return rows start to stop - 1, a view."""
        return self.array[start:stop]


@dataclass(frozen=True, eq=False)
class Generated:
    """Numbers in [-scale, scale) that the counter-based generator gives for (seed, stream); scale: a power of two."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    seed: int
    stream: int
    scale: float

    @cached_property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape))

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def rows(self, start: int, stop: int) -> Array:
        """Return rows start to stop - 1."""
        found = np.empty((stop - start, *self.shape[1:]), self.dtype)
        self.fill(found, start)
        return found

    def fill(self, found: Array, start: int) -> None:
        """Write the rows from `start` on into a contiguous array."""
        first, _ = self.span(start, start)
        counter, skipped = divmod(first, WORD * WORDS)
        count = (skipped + found.size + 1) // WORD + 1
        words = np.random.Philox(key=[self.seed, self.stream], counter=counter).random_raw(count)
        stream = np.ascontiguousarray(words, dtype="<u8")
        flat = found.reshape(-1)
        np.copyto(flat, np.ndarray((found.size,), "<i2", buffer=stream, offset=skipped, strides=(1,)))
        flat *= self.dtype.type(self.scale / 2**15)

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Return the first element of rows start to stop - 1, and how many there are: element e begins at byte e."""
        width = self.shape[1] if self.ndim == MATRIX else 1
        return start * width, (stop - start) * width


@dataclass(frozen=True, slots=True, eq=False)
class OneHot:
    """Labels of which each row is 1 at one place, which the generator gives."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    seed: int
    stream: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def rows(self, start: int, stop: int) -> Array:
        """Return rows start to stop - 1."""
        drawn = Generated((self.shape[0],), np.dtype("float64"), self.seed, self.stream, 0.5).rows(start, stop)
        found = np.zeros((stop - start, self.shape[1]), self.dtype)
        found[np.arange(stop - start), ((drawn + 0.5) * self.shape[1]).astype(int)] = 1
        return found


def as_source(values: Any) -> Source:
    """Return a block source of an array, or the source that it is already."""
    return Stored(values) if isinstance(values, np.ndarray) else values


def whole(values: Any) -> Array:
    """Return all rows of a source as one array of its own."""
    if isinstance(values, np.ndarray):
        return np.array(values)
    return np.array(values.array) if isinstance(values, Stored) else values.rows(0, values.shape[0])


def read(source: Source, start: int, stop: int, buffer: Array) -> Array:
    """Return rows start to stop - 1: a view where they are stored, else the buffer, which the next call overwrites."""
    if not isinstance(source, Generated):
        return source.rows(start, stop)
    found = buffer[: stop - start]
    source.fill(found, start)
    return found


def block_height(shape: tuple[int, ...], elements: int = ELEMENTS) -> int:
    """Return the rows of a block of about so many elements."""
    return max(1, elements // max(shape[1] if len(shape) == MATRIX else 1, 1))


def row_blocks(shape: tuple[int, ...], elements: int = ELEMENTS) -> Iterator[tuple[int, int]]:
    """Yield the rows (start, stop) of blocks of about so many elements."""
    height = block_height(shape, elements)
    for start in range(0, shape[0], height):
        yield start, min(start + height, shape[0])


class Ahead:
    """Rows of a source that are dear to begin with (labels that are drawn), read a large block ahead, in order."""

    def __init__(self, source: Source) -> None:
        self.source, self.shape, self.dtype = source, source.shape, source.dtype
        self._start, self._block = 0, source.rows(0, 0)

    def rows(self, start: int, stop: int) -> Array:
        """Return rows start to stop - 1."""
        if not self._start <= start <= stop <= self._start + len(self._block):
            height = max(stop - start, block_height(self.shape))
            self._start, self._block = start, self.source.rows(start, min(start + height, self.shape[0]))
        return self._block[start - self._start : stop - self._start]


class Reader:
    """Blocks of rows of one source, in its dtype and in float64, in buffers that the next block overwrites."""

    def __init__(self, source: Source, height: int) -> None:
        self.source = source
        shape = (height, *source.shape[1:])
        self._own = np.empty(shape if isinstance(source, Generated) else (0, *shape[1:]), source.dtype)
        self._double, self._spare = np.empty(shape), np.empty((0, *shape[1:]), source.dtype)

    def __call__(self, start: int, stop: int) -> tuple[Array, Array]:
        """Return rows start to stop - 1, in the source's dtype and in float64."""
        found = read(self.source, start, stop, self._own)
        double = self._double[: stop - start]
        np.copyto(double, found)
        return found, double

    def absolute(self, found: Array) -> Array:
        """Return the absolute values of a block, in its dtype."""
        return np.abs(found, out=self.spare(len(found)))

    def spare(self, count: int) -> Array:
        """Return a buffer of so many rows, in the source's dtype, which the next absolute values overwrite."""
        if len(self._spare) < count:
            self._spare = np.empty((count, *self.source.shape[1:]), self.source.dtype)
        return self._spare[:count]
