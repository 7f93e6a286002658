"""A subject made of the commonest form that users have: (params, x, y) -> (loss, gradients).

    @backproof.from_loss_and_grad(activations=["sigmoid"], losses=["log"])
    def my_net(params, x, y):
        ...
        return loss, gradients

params: a list of (weights, biases), one pair a layer, in the declared layouts; biases are None where there are none.
gradients: the same structure, or the flat list [dW1, db1, dW2, ...], with None or nothing for missing biases. The
updates w - alpha g are made here, in the case's dtype; an edge that does not exist is not updated.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.door import Subject, subject
from backproof.errors import ObservationError, UsageError
from backproof.observation import Array, read_array

Parameters = list[tuple[Array, Array | None]]
Gradients = list[tuple[Array, Array | None]]
PLAIN = 3  # params, x, y
EXPECTED = "one pair (dW, db) for each layer, or the flat list [dW1, db1, dW2, ...]"


def from_loss_and_grad(function: Callable[..., Any] | None = None, /, **declarations: Any) -> Any:
    """Return the subject that a function of (params, x, y) makes; without the function, a decorator.

    function: takes the parameters and one batch, returns (loss, gradients); where it has a fourth parameter called
    `case`, it is handed the case as well (for activations, loss, masks); declarations: those of @backproof.subject.
    Raises UsageError for a function that cannot be called like that.
    """
    if function is None:
        return lambda function: from_loss_and_grad(function, **declarations)
    name = getattr(function, "__name__", type(function).__name__)
    wants_case = _wants_case(function, name)

    def run(case: Case) -> list[dict[str, Any]]:
        return _train(function, name, case, wants_case=wants_case)

    made: Subject = subject(**{"name": name, **declarations})(run).backproof_subject
    return made


def _wants_case(function: Callable[..., Any], name: str) -> bool:
    """Return whether the function has a parameter called `case`."""
    if not callable(function):
        msg = f"from_loss_and_grad: expected a function of (params, x, y); {function!r} came"
        raise UsageError(msg)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # compiled functions do not say
        return False
    wants_case = "case" in signature.parameters
    try:
        signature.bind(*range(PLAIN), **({"case": None} if wants_case else {}))
    except TypeError as error:
        msg = (
            f"from_loss_and_grad: {name}{signature} cannot be called with (params, x, y): {error}; "
            "a fourth parameter must be called `case`"
        )
        raise UsageError(msg) from error
    return wants_case


def _train(function: Callable[..., Any], name: str, case: Case, *, wants_case: bool) -> list[dict[str, Any]]:
    parameters: Parameters = [(layer.weights, layer.biases) for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    extra = {"case": case} if wants_case else {}
    columns = case.conventions.batch_axis == 1
    records = []

    def call(rows: Sequence[int]) -> tuple[Any, Any]:
        x, y = (np.array(values[:, rows] if columns else values[rows]) for values in (case.x, case.y))
        copies = [(w.copy(), None if b is None else b.copy()) for w, b in parameters]
        return _answer(function(copies, x, y, **extra), name)

    for batch in case.batches:
        loss, given = call(batch)
        gradients = _gradients(given, parameters, name, case)
        parameters = [
            (_updated(w, dw, rate), None if b is None or db is None else _updated(b, db, rate))
            for (w, b), (dw, db) in zip(parameters, gradients, strict=True)
        ]
        if case.conventions.loss_at == "after":
            loss = call(batch)[0]
        record = {
            "loss": loss,
            "weight_gradients": [dw for dw, _ in gradients],
            "bias_gradients": [db for _, db in gradients],
            "weights": [w for w, _ in parameters],
            "biases": [b for _, b in parameters],
        }
        if case.conventions.loss_at == "none":
            del record["loss"]
        records.append(record)
    return records


def _updated(value: Array, gradient: Array, rate: Any) -> Array:
    return value - rate * gradient.astype(value.dtype)


def _answer(answered: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(answered, tuple | list) or len(answered) != 2:  # noqa: PLR2004 - a pair
        came = f"{len(answered)} values" if isinstance(answered, tuple | list) else type(answered).__name__
        msg = f"{name}: expected (loss, gradients); {came} came"
        raise ObservationError(msg)
    return answered[0], answered[1]


def _gradients(given: Any, parameters: Parameters, name: str, case: Case) -> Gradients:
    """Return the gradients as pairs of arrays, those of edges that do not exist as 0."""
    found: Gradients = []
    for number, ((dw, db), (w, b), layer) in enumerate(
        zip(_pairs(given, parameters, name), parameters, case.layers, strict=True), 1
    ):
        by_weight = _gradient(dw, w, f"{name}: weight gradient of layer {number}", case)
        if layer.mask is not None:
            by_weight = np.where(layer.mask, by_weight, by_weight.dtype.type(0))
        if b is None:
            found.append((by_weight, None))
            continue
        found.append((by_weight, _gradient(db, b, f"{name}: bias gradient of layer {number}", case)))
    return found


def _pairs(given: Any, parameters: Parameters, name: str) -> list[tuple[Any, Any]]:
    """Return the gradients as pairs, whichever of the two structures they came in."""
    if not isinstance(given, list | tuple):
        msg = f"{name}: expected the gradients as {EXPECTED}; {type(given).__name__} came"
        raise ObservationError(msg)
    depth, arrays = len(parameters), sum(1 + (b is not None) for _, b in parameters)
    if len(given) == depth and all(isinstance(item, list | tuple) and len(item) == 2 for item in given):  # noqa: PLR2004
        return [(item[0], item[1]) for item in given]
    if len(given) == 2 * depth:
        return list(zip(given[::2], given[1::2], strict=True))
    if len(given) == arrays:
        rest = iter(given)
        return [(next(rest), None if b is None else next(rest)) for _, b in parameters]
    odd = next((n for n, item in enumerate(given) if not isinstance(item, list | tuple)), None)
    what = f"{len(given)} items" if len(given) != depth or odd is None else f"{type(given[odd]).__name__} at [{odd}]"
    msg = f"{name}: expected the gradients as {EXPECTED}, for {depth} layers; {what} came"
    raise ObservationError(msg)


def _gradient(value: Any, parameter: Array, where: str, case: Case) -> Array:
    if value is None:
        msg = f"{where}: expected an array of shape {parameter.shape}; None came"
        raise ObservationError(msg)
    found = read_array(value, case, where)
    if found.shape != parameter.shape:
        layout = case.conventions.weight_layout
        other = "in_out" if layout == "out_in" else "out_in"
        turned = parameter.ndim == 2 and found.shape == parameter.shape[::-1]  # noqa: PLR2004 - a matrix
        hint = f"; weight_layout={layout!r} is declared: is yours {other!r}?" if turned else ""
        msg = f"{where}: expected shape {parameter.shape}, that of its parameter; {found.shape} came{hint}"
        raise ObservationError(msg)
    return found
