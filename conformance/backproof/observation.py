"""An observation: what a subject showed for one case, one record for each update.

Reading an answer brings it into the article's layout (weights (n_out, n_in), samples in rows) and checks its
structure; whether shapes, dtypes and values are right is the judge's to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.errors import ObservationError

Array = np.ndarray[Any, Any]

BY_SAMPLE = ("net_inputs", "activations", "deltas")
BY_LAYER = (*BY_SAMPLE, "weight_gradients", "bias_gradients", "weights", "biases")
QUANTITIES = ("net_inputs", "activations", "loss", "deltas", "weight_gradients", "bias_gradients", "weights", "biases")

READ_DIRECTLY = (1, 3, 11, 13)  # DLPack's kDLCPU, kDLCUDAHost, kDLROCMHost, kDLCUDAManaged: NumPy reads these

Values = dict[tuple[str, int], Array]


@dataclass(frozen=True, slots=True)
class Record:
    """What one update showed: arrays by (quantity, layer), layers from 1; the loss stands at layer 0."""

    values: Values = field(default_factory=dict)

    def get(self, quantity: str, layer: int) -> Array | None:
        """Return what was shown of a quantity at a layer, or None."""
        return self.values.get((quantity, layer))

    @property
    def quantities(self) -> frozenset[str]:
        """The names of the quantities that were shown."""
        return frozenset(quantity for quantity, _ in self.values)


@dataclass(frozen=True, slots=True)
class Observation:
    """The records of all updates of one case, or only what stood at the end of them."""

    steps: tuple[Record, ...]
    final: Record | None = None

    @property
    def quantities(self) -> frozenset[str]:
        """The names of the quantities that were shown in any record."""
        records = (*self.steps, *([] if self.final is None else [self.final]))
        return frozenset(name for record in records for name in record.quantities)


def read_observation(answer: Any, case: Case) -> Observation:
    """Return the observation that a subject's answer to a case holds.

    answer: a mapping (cases of one update, or {"final": mapping}), or a list of mappings, one for each update.
    Raises ObservationError, naming the field, what was expected and what came.
    """
    try:
        return _observation(answer, case)
    except ObservationError:
        raise
    except Exception as error:  # the answer's own code runs here, and may raise anything
        msg = f"the answer cannot be read: {type(error).__name__}: {error}"
        raise ObservationError(msg) from error


def _observation(answer: Any, case: Case) -> Observation:
    updates = len(case.batches)
    if isinstance(answer, Mapping) and set(answer) == {"final"}:
        final = _record(answer["final"], case, "final")
        return Observation((final,)) if updates == 1 else Observation((), final)
    if isinstance(answer, Mapping):
        if updates != 1:
            msg = f"this case makes {updates} updates: answer a list of {updates} mappings, or {{'final': mapping}}"
            raise ObservationError(msg)
        return Observation((_record(answer, case, "answer"),))
    if isinstance(answer, Sequence) and not isinstance(answer, str | bytes):
        if not answer:
            msg = f"expected one mapping for each of {updates} updates; an empty list came"
            raise ObservationError(msg)
        return Observation(tuple(_record(item, case, f"update {n}") for n, item in enumerate(answer, 1)))
    msg = f"expected a mapping of quantities or a list of them, one for each update; {type(answer).__name__} came"
    raise ObservationError(msg)


def _record(shown: Any, case: Case, where: str) -> Record:
    if not isinstance(shown, Mapping):
        msg = f"{where}: expected a mapping with any of {', '.join(QUANTITIES)}; {type(shown).__name__} came"
        raise ObservationError(msg)
    unknown = [str(key) for key in shown if key not in QUANTITIES]
    if unknown:
        msg = f"{where}: unknown quantity {unknown[0]!r}; the quantities are {', '.join(QUANTITIES)}"
        raise ObservationError(msg)
    values: Values = {}
    for quantity, given in shown.items():
        if given is None:
            continue
        if quantity == "loss":
            values["loss", 0] = read_array(given, case, f"{where}: loss")
            continue
        for layer, item in enumerate(_layers(given, case, f"{where}: {quantity}"), 1):
            if item is not None:
                values[quantity, layer] = oriented(
                    read_array(item, case, f"{where}: {quantity} of layer {layer}"), quantity, case
                )
    return Record(values)


def _layers(given: Any, case: Case, where: str) -> Any:
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        msg = f"{where}: expected a list with one array for each layer 1..{case.depth}; {type(given).__name__} came"
        raise ObservationError(msg)
    if len(given) != case.depth:
        msg = (
            f"{where}: expected one array for each layer 1..{case.depth} (the input is not a layer); {len(given)} came"
        )
        raise ObservationError(msg)
    return given


def read_array(value: Any, case: Case, where: str) -> Array:
    """Return a copy of an array of numbers; lists take the case's dtype. Raises ObservationError at `where`."""
    try:
        if isinstance(value, np.ma.MaskedArray):
            msg = "its masked entries have no value"
            raise TypeError(msg)  # noqa: TRY301 - told below with the place
        if isinstance(value, np.ndarray | np.generic):
            found = np.array(value)
        elif isinstance(value, list | tuple | float | int):
            found = np.array(value)
            if found.dtype.kind in "fiu":
                with np.errstate(over="ignore"):
                    found = found.astype(case.dtype)
        elif hasattr(value, "__dlpack__"):
            found = from_device(value)
        else:
            found = np.array(value)
    except Exception as error:  # the value's own code runs here, and may raise anything
        msg = f"{where}: {type(value).__name__} cannot be read as an array of numbers: {error}"
        raise ObservationError(msg) from error
    if found.dtype.kind not in "fiub":
        msg = f"{where}: expected an array of {case.dtype}; dtype {found.dtype} came"
        raise ObservationError(msg)
    return found


def lies_elsewhere(value: Any) -> bool:
    """Return whether a DLPack object lies on a device that NumPy cannot read."""
    return hasattr(value, "__dlpack_device__") and int(value.__dlpack_device__()[0]) not in READ_DIRECTLY


def from_device(value: Any) -> Array:
    """Return a copy of what a DLPack object holds; one on another device is asked for it on the CPU."""
    if not lies_elsewhere(value):
        return np.array(np.from_dlpack(value))
    try:
        return np.from_dlpack(value, device="cpu", copy=True)  # __dlpack__(dl_device=(1, 0), copy=True)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        if not hasattr(value, "cpu"):
            place = tuple(map(int, value.__dlpack_device__()))
            msg = f"it lies on DLPack device {place} and gives no copy on the CPU ({error})"
            raise BufferError(msg) from error
        return np.array(np.from_dlpack(value.cpu()))


def oriented(values: Array, quantity: str, case: Case) -> Array:
    """Return values in the article's layout, or from there in the declared one: turning twice is leaving alone."""
    return values.T if is_turned(quantity, case) and values.ndim == 2 else values  # noqa: PLR2004 - a matrix


def is_turned(quantity: str, case: Case) -> bool:
    """Return whether the declared layout of a quantity is the transpose of the article's."""
    if quantity in ("weights", "weight_gradients"):
        return case.conventions.weight_layout == "in_out"
    return quantity in BY_SAMPLE and case.conventions.batch_axis == 1
