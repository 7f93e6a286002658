"""Reading what a subject shows of a large case: views of its arrays, never copies, in the article's layout.

What lies on another device is copied in blocks of rows, as they are judged: the CPU never holds a whole array of it.

Beside the quantities of any case it may show `activation_gradients`, dE/da of the hidden layers (None for the last):
with them E17 is a product and a slope, each judged everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.errors import ObservationError
from backproof.observation import (
    BY_SAMPLE,
    QUANTITIES,
    Values,
    from_device,
    is_turned,
    lies_elsewhere,
    oriented,
    read_array,
)
from backproof.probes.sources import MATRIX, Array, Source, as_source

GRADIENTS = "activation_gradients"
READABLE = (*QUANTITIES, GRADIENTS)

Shown = dict[tuple[str, int], Source]


def read_sources(answer: Any, case: Case) -> Shown:
    """Return what a subject shows as block sources by (quantity, layer); the loss stands at layer 0.

    answer: a mapping; arrays may be NumPy, anything with DLPack, or block sources (shape, dtype, rows).
    Raises ObservationError, naming the field, what was expected and what came.
    """
    quantities = _quantities(answer)
    shown: Shown = {}
    for quantity, given in quantities.items():
        if given is None:
            continue
        if quantity == "loss":
            shown["loss", 0] = as_source(read_array(given, case, "loss"))
            continue
        if not isinstance(given, Sequence) or isinstance(given, str | bytes) or len(given) != case.depth:
            came = f"{len(given)} entries" if isinstance(given, Sequence) else type(given).__name__
            msg = f"{quantity}: expected a list with one array for each layer 1..{case.depth}; {came} came"
            raise ObservationError(msg)
        for layer, item in enumerate(given, 1):
            if item is not None:
                shown[quantity, layer] = _source(item, case, quantity, layer)
    return shown


def _quantities(answer: Any) -> Mapping[str, Any]:
    """Return the mapping that an answer of one update is."""
    if isinstance(answer, Sequence) and not isinstance(answer, str | bytes) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, Mapping) and set(answer) == {"final"}:
        answer = answer["final"]
    if not isinstance(answer, Mapping):
        msg = f"expected a mapping of quantities (the case makes one update); {type(answer).__name__} came"
        raise ObservationError(msg)
    unknown = [str(key) for key in answer if key not in READABLE]
    if unknown:
        msg = f"unknown quantity {unknown[0]!r}; the quantities are {', '.join(READABLE)}"
        raise ObservationError(msg)
    return answer


def _source(item: Any, case: Case, quantity: str, layer: int) -> Source:
    if hasattr(item, "rows") and hasattr(item, "shape") and hasattr(item, "dtype"):
        return as_source(item)
    turned, where = "deltas" if quantity == GRADIENTS else quantity, f"{quantity} of layer {layer}"
    if not isinstance(item, np.ndarray) and hasattr(item, "__dlpack__"):
        if lies_elsewhere(item) and hasattr(item, "shape") and hasattr(item, "__getitem__"):
            return Elsewhere.of(item, where, turned=is_turned(turned, case))
        with _told(where):
            item = from_device(item) if lies_elsewhere(item) else np.from_dlpack(item)
    values = item if isinstance(item, np.ndarray) else read_array(item, case, where)
    return as_source(oriented(values, turned, case))


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        msg = f"{where}: its DLPack cannot be read: {error}; detach it, or hand it out on the CPU"
        raise ObservationError(msg) from error


@dataclass(frozen=True, slots=True, eq=False)
class Elsewhere:
    """A matrix or vector on another device; where: what it is; turned: it is shown as its transpose."""

    array: Any
    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    turned: bool

    @classmethod
    def of(cls, array: Any, where: str, *, turned: bool) -> Elsewhere:
        """Return an array as a source. Raises ObservationError where not even a row comes to the CPU."""
        with _told(where):
            shape = tuple(int(length) for length in array.shape)
            dtype = from_device(array[:1]).dtype
        turned = turned and len(shape) == MATRIX
        return cls(array, where, shape[::-1] if turned else shape, dtype, turned)

    def rows(self, start: int, stop: int) -> Array:
        """Return a copy of rows start to stop - 1 on the CPU."""
        with _told(self.where):
            return from_device(self.array[:, start:stop]).T if self.turned else from_device(self.array[start:stop])

    def there(self, start: int, stop: int) -> Any:
        """Return rows start to stop - 1 where they lie, a view."""
        with _told(self.where):
            return self.array[:, start:stop].T if self.turned else self.array[start:stop]


def expected_shape(case: Case, quantity: str, layer: int) -> tuple[int, ...]:
    """Return the shape of a quantity in the article's layout."""
    if quantity == "loss":
        return ()
    if quantity in (*BY_SAMPLE, GRADIENTS):
        return (len(case.batches[0]), case.widths[layer])
    source = case.layers[layer - 1].weights
    return tuple(source.shape) if quantity in ("weights", "weight_gradients") else (case.widths[layer],)


def placeholders(shown: Shown) -> Values:
    """Return an empty array for each quantity shown: what was shown is told, but not kept."""
    return {key: np.empty(0) for key in shown if key[0] != GRADIENTS}
