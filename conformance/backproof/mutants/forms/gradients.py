"""Forms of wrong gradients: stale activations, some samples only, half precision, clipping."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants import numerics
from backproof.mutants.forms.form import Form, both, only_edges
from backproof.mutants.forms.forward import ROWS, recalled
from backproof.mutants.steps import Here, Step, gradient_scale

LIMITS = (1.0, 0.1, 0.5, 5.0, 10.0, 0.01, 0.2, 0.25, 0.05, 2.0)


def _stale() -> Iterator[Form]:
    for rows, inputs, first in product(ROWS, (True, False), (False, True)):
        yield (("gradient", _of_stale(rows, inputs=inputs, first=first)),)


def _of_stale(rows: str, *, inputs: bool, first: bool) -> Step:
    """Return gradients with the activations of the update before; inputs: the samples too are stale."""

    def wrong(right: Step, here: Here, delta: Array, previous: Array) -> Array:
        if here.layer == 1 and not inputs:
            return right(here, delta, previous)
        return right(here, delta, recalled(here, "below", previous, rows, first=first))

    return wrong


def _clippings() -> Iterator[Form]:
    for limit in LIMITS:
        yield both(_clipped(limit))
        yield (("update", _clipped_update(limit)),)
        for together, shown in product((True, False), (True, False)):
            yield (("keep" if shown else "update", _shortened(limit, together=together, shown=shown)),)


def _clipped(limit: float) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        found = right(here, *arguments)
        return np.asarray(np.clip(found, -limit, limit), dtype=found.dtype)

    return wrong


def _clipped_update(limit: float) -> Step:
    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        return right(here, parameters, np.clip(by_parameter, -limit, limit).astype(by_parameter.dtype))

    return wrong


def _shortened(limit: float, *, together: bool, shown: bool) -> Step:
    """Return gradients cut to a norm: of all together, or of each array; shown: before they are shown."""

    def share(values: list[Array], dtype: Any) -> Any:
        norm = float(np.sqrt(sum(float((value * value).sum()) for value in values)))
        return dtype.type(limit / norm if norm > limit else 1.0)

    def all_of(here: Here) -> list[Array]:
        return [*here.gradients, *(g for g in here.bias_gradients if g is not None)]

    def before(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
        here.gradients = right(here, gradients)
        every = all_of(here)
        here.bias_gradients[:] = [
            None if g is None else share(every if together else [g], g.dtype) * g for g in here.bias_gradients
        ]
        return [share(every if together else [g], g.dtype) * g for g in here.gradients]

    def after(right: Step, here: Here, parameters: Array, g: Array) -> Array:
        return right(here, parameters, share(all_of(here) if together else [g], g.dtype) * g)

    return before if shown else after


def _rows(*parts: slice) -> Iterator[Form]:
    for part in parts:
        yield both(_of_rows(part))
        yield (("gradient", _of_rows(part)),)


def _of_rows(part: slice) -> Step:
    def wrong(right: Step, here: Here, delta: Array, *rest: Array) -> Array:
        return right(here, delta[part], *(array[part] for array in rest))

    return wrong


def _of_activations() -> Iterator[Form]:
    """Take the layer's own activation where it is as wide; elsewhere as much of it as there is room for."""

    def overlapping(right: Step, here: Here, delta: Array, previous: Array) -> Array:
        own, used = here.activations[here.layer], previous.copy()
        width = min(own.shape[1], used.shape[1])
        used[:, :width] = own[:, :width]
        return right(here, delta, used)

    def own_neuron(right: Step, here: Here, delta: Array, previous: Array) -> Array:
        by_neuron = (delta * here.activations[here.layer]).sum(axis=0)[:, None]
        return only_edges(here, gradient_scale(here) * np.repeat(by_neuron, previous.shape[1], axis=1))

    yield (("gradient", overlapping),)
    yield (("gradient", own_neuron),)


def _of_each(right: Step, here: Here, delta: Array) -> Array:
    """Average over the neurons of each sample, and sum over the samples."""
    return np.full(delta.shape[1], gradient_scale(here) * delta.mean(axis=1).sum(), delta.dtype)


def _bias_now(right: Step, here: Here, delta: Array) -> Array:
    """Return the bias as it stands in this update."""
    bias = here.biases[here.layer - 1]
    return right(here, delta) if bias is None else bias.copy()


def _of_all(right: Step, here: Here, delta: Array) -> Array:
    """Sum over the neurons as well."""
    return np.full(delta.shape[1], right(here, delta).sum(), delta.dtype)


def _half_sums() -> Iterator[Form]:
    for weights, biases in product((numerics.half_sum, _half_product, _half_steps), (None, _half_bias)):
        yield (("gradient", weights),) if biases is None else (("gradient", weights), ("bias_gradient", biases))


def _half_product(right: Step, here: Here, delta: Array, previous: Array) -> Array:
    found = (delta.astype(np.float16).T @ previous.astype(np.float16)).astype(delta.dtype)
    return only_edges(here, gradient_scale(here) * found)


def _half_steps(right: Step, here: Here, delta: Array, previous: Array) -> Array:
    total = np.zeros((delta.shape[1], previous.shape[1]), np.float16)
    for d, a in zip(delta.astype(np.float16), previous.astype(np.float16), strict=True):
        total = (total + np.outer(d, a)).astype(np.float16)
    return only_edges(here, gradient_scale(here) * total.astype(delta.dtype))


def _half_bias(right: Step, here: Here, delta: Array) -> Array:
    total = np.zeros(delta.shape[1], np.float16)
    for d in delta.astype(np.float16):
        total = (total + d).astype(np.float16)
    return np.asarray(gradient_scale(here) * total.astype(delta.dtype))


def _masked() -> Iterator[Form]:
    """Let an edge that does not exist take its step although its gradient is shown as 0."""

    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        if parameters.ndim == 1 or here.mask is None:
            return right(here, parameters, by_parameter)
        unmasked = gradient_scale(here) * (here.deltas[here.layer - 1].T @ here.activations[here.layer - 1])
        return right(here, parameters, np.where(here.mask, by_parameter, unmasked))

    yield (("update", wrong),)


FORMS: dict[str, Any] = {
    "gradient-of-stale-activations": _stale,
    "gradient-clipped": _clippings,
    "gradients-summed-in-float16": _half_sums,
    "gradient-of-one-sample": lambda: _rows(slice(-1, None), slice(1)),
    "last-sample-dropped": lambda: _rows(slice(1, None), slice(-1)),
    "bias-gradient-one-sample": lambda: [(("bias_gradient", _of_rows(slice(-1, None))),)],
    "gradient-of-activations": _of_activations,
    "bias-gradient-over-neurons": lambda: [(("bias_gradient", wrong),) for wrong in (_of_all, _of_each)],
    "bias-value-as-gradient": lambda: [(("bias_gradient", _bias_now),)],
    "gradients-through-float32": lambda: [both(lambda right, here, *rest: numerics.float32(right(here, *rest)))],
    "mask-ignored-in-the-update": _masked,
}
