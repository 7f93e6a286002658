"""A case: a network, samples, a loss, conventions, a learning rate, the batches of its updates.

Preconditions of the equations are enforced here, so that nothing downstream needs to doubt a case.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backproof.conventions import Conventions
from backproof.errors import CaseError
from backproof_spec import LOSSES, SPECIAL_FORMS, Activation, Layer, Loss, Network, activation

Array = np.ndarray[Any, Any]

DTYPES = ("float64", "float32")
TWO_CLASSES = 2  # many packages turn a softmax over so few classes into log loss


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One case; every number in it is exactly representable in `dtype`.

    layers: weights (n_out, n_in), biases (n_out,) or None, mask bool (n_out, n_in) or None, activation;
    x: (n, n_0); y: (n, k); batches: the sample indices of each update, in their order; flags: what is special;
    widths: n_0 to n_L and samples: n are derived. The arrays are read-only copies.

    Raises CaseError, naming the field, what was expected and what came.
    """

    slug: str
    layers: Network
    x: Array
    y: Array
    loss: str
    learning_rate: float
    batches: tuple[tuple[int, ...], ...]
    dtype: str = "float64"
    title: str = ""
    conventions: Conventions = field(default_factory=Conventions)
    flags: tuple[str, ...] = ()
    widths: tuple[int, ...] = field(init=False)
    samples: int = field(init=False)

    def __post_init__(self) -> None:
        """Enforce the preconditions of the equations, freeze the arrays, and add the flags of the structure."""
        _check(self)
        for name in ("x", "y"):
            object.__setattr__(self, name, _frozen(getattr(self, name)))
        object.__setattr__(self, "layers", tuple(map(_frozen_layer, self.layers)))
        object.__setattr__(self, "widths", (self.x.shape[1], *(layer.weights.shape[0] for layer in self.layers)))
        object.__setattr__(self, "samples", len(self.x))
        object.__setattr__(self, "flags", tuple(sorted({*self.flags, *_structural_flags(self)})))

    @property
    def loss_rule(self) -> Loss:
        """The loss J with its derivatives."""
        return LOSSES[self.loss]

    @property
    def depth(self) -> int:
        """The number of layers L."""
        return len(self.layers)

    @property
    def size(self) -> int:
        """The number of weights and biases: cases are ordered by it."""
        return sum(layer.weights.size + (0 if layer.biases is None else layer.biases.size) for layer in self.layers)

    @property
    def mode(self) -> str:
        """The clause of the descent mode: M1 batch, M2 stochastic, M3 mini-batch."""
        if all(sorted(batch) == list(range(self.samples)) for batch in self.batches):
            return "M1"
        return "M2" if all(len(batch) == 1 for batch in self.batches) else "M3"

    @property
    def clauses(self) -> tuple[str, ...]:
        """The observed clauses that this case exercises, derived from its structure."""
        found = ["E1", "E3", self.loss_rule.clause, "E22", "E11", "E26", "A1", self.mode]
        if any(layer.activation.name == "sigmoid" for layer in self.layers):
            found.append("E18")
        if self.depth > 1:
            found.append("E17")
        if "worked-example" in self.flags:
            found.append("V1")
        return tuple(found)

    def under(self, conventions: Conventions) -> Case:
        """Return the same case, carrying a subject's conventions; itself, so that truth is found again, if it does."""
        return self if conventions == self.conventions else replace(self, conventions=conventions)

    def with_parameters(self, parameters: list[tuple[Array, Array | None]]) -> Case:
        """Return the same case with other weights and biases, in the case's dtype."""
        layers = tuple(
            replace(layer, weights=w, biases=b) for layer, (w, b) in zip(self.layers, parameters, strict=True)
        )
        return replace(self, layers=layers)

    def as_dtype(self, dtype: str) -> Case:
        """Return the same case with every number rounded to `dtype`, the learning rate included."""
        kind = np.dtype(dtype).type

        def rounded(values: Array | None) -> Array | None:
            return None if values is None else values.astype(dtype)

        def parameters(rule: Activation) -> Activation:
            numbers = {key: value if isinstance(value, str) else float(kind(value)) for key, value in rule.parameters}
            return activation(rule.name, **numbers)

        layers = tuple(
            Layer(rounded(la.weights), rounded(la.biases), parameters(la.activation), la.mask) for la in self.layers
        )
        x, y = self.x.astype(dtype), self.y.astype(dtype)
        return replace(self, dtype=dtype, layers=layers, x=x, y=y, learning_rate=float(kind(self.learning_rate)))

    def for_subject(self, memory: str = "rows") -> Case:
        """Return a private, writable copy in the declared weight layout and batch axis.

        The copy is what a Python subject receives; memory: "rows", or the same numbers in another order of memory:
        "columns" (Fortran's), or "apart", every array being each second element of a larger one along every axis.
        """
        copy = object.__new__(Case)
        transposed = self.conventions.weight_layout == "in_out"
        columns = self.conventions.batch_axis == 1

        def laid(values: Array | None, *, turned: bool = False) -> Array | None:
            if values is None:
                return None
            given = values.T if turned else values
            return _strided(given) if memory == "apart" else np.array(given, order="F" if memory == "columns" else "C")

        layers = tuple(
            Layer(laid(la.weights, turned=transposed), laid(la.biases), la.activation, laid(la.mask, turned=transposed))
            for la in self.layers
        )
        for name in self.__slots__:
            object.__setattr__(copy, name, getattr(self, name))
        object.__setattr__(copy, "layers", layers)
        # Lists index an array; a tuple would be read as one index for each dimension.
        object.__setattr__(copy, "batches", tuple(list(batch) for batch in self.batches))
        object.__setattr__(copy, "x", laid(self.x, turned=columns))
        object.__setattr__(copy, "y", laid(self.y, turned=columns))
        return copy


def _strided(values: Array) -> Array:
    """Return the values as every second element, along each axis, of a larger array.

    What stands between them is finite: matrix products read it, and NaN would raise floating-point flags.
    """
    larger = np.full([2 * length for length in values.shape], 3, values.dtype)
    larger[(slice(None, None, 2),) * values.ndim] = values
    return larger[(slice(None, None, 2),) * values.ndim]


def _frozen_layer(layer: Layer) -> Layer:
    weights, biases, mask = map(_frozen, (layer.weights, layer.biases, layer.mask))
    if weights is layer.weights and biases is layer.biases and mask is layer.mask:
        return layer
    return Layer(weights, biases, layer.activation, mask)


def _frozen(values: Array | None) -> Array | None:
    if values is None:
        return None
    if values.base is None and not values.flags.writeable:
        return values
    copy = np.array(values)
    copy.setflags(write=False)
    return copy


def _structural_flags(case: Case) -> set[str]:
    pair = (case.layers[-1].activation.name, case.loss)
    found = {
        "masked": any(layer.mask is not None for layer in case.layers),
        "no-biases": any(layer.biases is None for layer in case.layers),
        "several-updates": len(case.batches) > 1,
        "partial-batch": len({len(batch) for batch in case.batches}) > 1,
        "mixed-activations": len({str(layer.activation) for layer in case.layers[:-1]}) > 1,
        "no-hidden-layer": case.depth == 1,
        "several-outputs": case.widths[-1] > 1,
        "several-hidden-layers": len(case.layers[:-1]) > 1,
        "several-samples": any(len(batch) > 1 for batch in case.batches),
        "other-output-activation": any(str(la.activation) != str(case.layers[-1].activation) for la in case.layers),
        "rectangular": any(layer.weights.shape[0] != layer.weights.shape[1] for layer in case.layers),
        "soft-labels": case.loss != "squared" and not np.isin(case.y, (0, 1)).all(),
        "two-classes": case.loss == "cross_entropy" and case.widths[-1] <= TWO_CLASSES,
        "general-output-delta": pair not in SPECIAL_FORMS,
    }
    return {name for name, holds in found.items() if holds}


def _fail(case: Case, what: str) -> None:
    msg = f"case {case.slug!r}: {what}"
    raise CaseError(msg)


def _check(case: Case) -> None:
    if case.dtype not in DTYPES:
        _fail(case, f"dtype must be one of {', '.join(DTYPES)}, not {case.dtype!r}")
    if case.loss not in LOSSES:
        _fail(case, f"loss must be one of {', '.join(LOSSES)}, not {case.loss!r}")
    if not case.layers:
        _fail(case, "a network needs at least one layer; layers is empty")
    _check_array(case, "x", case.x, ndim=2)
    _check_array(case, "y", case.y, ndim=2)
    if len(case.x) != len(case.y):
        _fail(case, f"x and y need as many rows; x has {len(case.x)}, y has {len(case.y)}")
    if (
        not 0 < case.learning_rate < np.inf
        or float(np.dtype(case.dtype).type(case.learning_rate)) != case.learning_rate
    ):
        _fail(case, f"learning_rate must be positive and exact in {case.dtype}, not {case.learning_rate!r}")
    fan_in = case.x.shape[1]
    for number, layer in enumerate(case.layers, 1):
        fan_in = _check_layer(case, number, layer, fan_in)
    if case.y.shape[1] != fan_in:
        _fail(case, f"y must be (n, {fan_in}) for {fan_in} outputs, not {case.y.shape}")
    _check_batches(case)
    _check_labels(case)


def _check_array(case: Case, name: str, values: Any, ndim: int) -> None:
    if not isinstance(values, np.ndarray) or values.ndim != ndim:
        _fail(case, f"{name} must be an array of {ndim} dimensions, not {getattr(values, 'shape', type(values))}")
    if values.dtype != np.dtype(case.dtype):
        _fail(case, f"{name} must be {case.dtype}, not {values.dtype}")
    if not np.isfinite(values).all():
        _fail(case, f"{name} must be finite; it holds NaN or infinity")


def _check_layer(case: Case, number: int, layer: Layer, fan_in: int) -> int:
    where = f"layers[{number}]"
    _check_array(case, f"{where}.weights", layer.weights, ndim=2)
    if layer.weights.shape[1] != fan_in or 0 in layer.weights.shape:
        _fail(case, f"{where}.weights must be (n_out, {fan_in}), not {layer.weights.shape}")
    width = int(layer.weights.shape[0])
    if layer.biases is not None:
        _check_array(case, f"{where}.biases", layer.biases, ndim=1)
        if layer.biases.shape != (width,):
            _fail(case, f"{where}.biases must be ({width},) or None, not {layer.biases.shape}")
    if layer.mask is not None:
        if getattr(layer.mask, "shape", None) != layer.weights.shape or layer.mask.dtype != np.bool_:
            _fail(case, f"{where}.mask must be bool {layer.weights.shape} or None")
        if (layer.weights[~layer.mask] != 0).any():
            _fail(case, f"{where}.weights must be exactly 0 where the mask says that there is no edge")
    if not layer.activation.elementwise and number != case.depth:
        _fail(case, f"{where}.activation: {layer.activation} is not element-wise and belongs to the output layer")
    for key, value in layer.activation.parameters:
        exact = isinstance(value, str) or (np.isfinite(value) and float(np.dtype(case.dtype).type(value)) == value)
        if not exact:
            _fail(case, f"{where}.activation: {key}={value!r} is not a finite number exact in {case.dtype}")
    return width


def _check_batches(case: Case) -> None:
    if not case.batches:
        _fail(case, "batches needs at least one update; it is empty")
    for step, batch in enumerate(case.batches, 1):
        outside = [i for i in batch if not isinstance(i, int | np.integer) or not 0 <= i < len(case.x)]
        if not batch or outside:
            _fail(case, f"batches[{step}] must hold sample indices from 0 to {len(case.x) - 1}, not {batch}")


def _check_labels(case: Case) -> None:
    wanted, given = case.loss_rule.output_activation, case.layers[-1].activation.name
    if wanted is not None and wanted != given:
        _fail(case, f"the {case.loss} loss needs {wanted} outputs, not {given}")
    if case.loss != "squared" and ((case.y < 0) | (case.y > 1)).any():
        _fail(case, f"labels of the {case.loss} loss must lie between 0 and 1")
    if case.loss == "cross_entropy" and not (case.y.sum(axis=1, dtype=np.float64) == 1).all():
        _fail(case, "labels of the cross_entropy loss must sum to exactly 1 in every row (E25 is false otherwise)")
