"""Forms of a wrong forward pass: stale values, misread samples, other activations with their own derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants import numerics
from backproof.mutants.forms.form import Form, in_layers
from backproof.mutants.forms.sites import activation_forms, consistent, net_input_forms
from backproof.mutants.steps import Here, Step, derivative, stable
from backproof_spec import Activation, activation

ROWS = ("same", "overlap", "cycle", "buffer")


def recalled(here: Here, name: str, found: Array, rows: str, *, first: bool) -> Array:
    """Return what an update before left, in the place of what is found now, and keep this one for the next.

    rows: where the batch has another size, take what is found ("same"), put in as many rows as there are ("overlap"),
    repeat them ("cycle"), or read on in a buffer that is as long as the largest batch ("buffer"); first: what the first
    update left, ever after.
    """
    key = (name, here.layer)
    known: Array | None = here.memory.get(key)
    if rows == "buffer":
        if known is None:
            known = np.zeros((max(len(batch) for batch in here.case.batches), *found.shape[1:]), found.dtype)
            known[: len(found)] = found
        used = known[: len(found)].copy()
        if not first:
            known[: len(found)] = found
        here.memory[key] = known
        return used if len(used) == len(found) else found
    used = _stale_rows(known, found, rows)
    here.memory[key] = used if first else found
    return used


def _stale_rows(known: Array | None, found: Array, rows: str) -> Array:
    if known is None or known.shape[1:] != found.shape[1:]:
        return found
    if known.shape == found.shape:
        return known
    if rows == "overlap":
        count, mixed = min(len(known), len(found)), found.copy()
        mixed[:count] = known[:count]
        return mixed
    return known[np.arange(len(found)) % len(known)] if rows == "cycle" else found


def stale(rows: str, *, first: bool) -> Step:
    """Return a step that hands out what it found in the update before; first: in the first one, ever after."""

    def wrong(right: Step, here: Here, *arguments: Any) -> Any:
        return recalled(here, "stale", right(here, *arguments), rows, first=first)

    return wrong


def _stale_net_inputs() -> Iterator[Form]:
    for rows, first in product(ROWS, (False, True)):
        yield (("net_input", stale(rows, first=first)),)
        yield from net_input_forms(stale(rows, first=first))


def _stale_activations() -> Iterator[Form]:
    for rows, first in product(ROWS, (False, True)):
        yield from activation_forms(stale(rows, first=first))


def _rereadings() -> Iterator[Form]:
    for whole, back in product((True, False), (True, False)):
        yield _of_samples(partial(_turned, back=back), whole=whole)


def _turned(x: Array, *, back: bool) -> Array:
    """Read rows as columns (back: columns as rows)."""
    return x.ravel().reshape(x.shape, order="F") if back else x.ravel(order="F").reshape(x.shape)


def _repeated() -> Iterator[Form]:
    for whole, every in product((True, False), (2, 3)):
        yield _of_samples(lambda x, every=every: np.repeat(x[::every], every, axis=0)[: len(x)], whole=whole)
    for whole in (True, False):
        yield _of_samples(lambda x: np.repeat(x[:1], len(x), axis=0), whole=whole)
        yield _of_samples(lambda x: x.ravel()[: (x.size + 1) // 2].repeat(2)[: x.size].reshape(x.shape), whole=whole)


def _truncated() -> Iterator[Form]:
    for cast in (np.floor, np.rint, np.ceil):
        yield (("samples", lambda right, here, cast=cast: (cast(right(here)[0]), right(here)[1])),)
    yield (("samples", lambda right, here: tuple(map(np.trunc, right(here)))),)
    yield (("net_input", _first_layer(np.trunc)),)


def _last_columns() -> Iterator[Form]:
    yield (("net_input", _first_layer(_without_last_column)),)


def _without_last_column(x: Array) -> Array:
    found = x.copy()
    found[:, -1] = 0
    return found


def _first_layer(change: Any) -> Step:
    """Return a net input of which the first layer sees changed samples, the gradients the right ones."""

    def wrong(right: Step, here: Here, w: Array, b: Array | None, previous: Array) -> Array:
        return right(here, w, b, change(previous) if here.layer == 1 else previous)

    return wrong


def _of_samples(change: Any, *, whole: bool) -> Form:
    """Return samples that are misread; whole: before the batches are drawn."""

    def wrong(right: Step, here: Here) -> tuple[Array, Array]:
        x, y = right(here)
        return (change(here.x)[list(here.batch)] if whole else change(x)), y

    return (("samples", wrong),)


def _linear() -> Iterator[Form]:
    """Leave out the activation of hidden layers, and its derivative with it."""
    identity = activation("identity")
    yield (
        ("activate", in_layers("hidden", lambda right, here, z: z)),
        ("slope", lambda right, here, z, a: derivative(identity, z, a)),
    )


def _with_parameter(name: str, change: Any) -> Iterator[Form]:
    """Yield an activation with another parameter: in the forward pass, and in both."""

    def other(here: Here) -> Activation:
        parameters = dict(here.rule.parameters)
        return replace(here.rule, parameters=tuple(sorted({**parameters, name: change(parameters[name])}.items())))

    for rule in {"slope": ("leaky_relu",), "alpha": ("elu",)}[name]:
        yield from consistent(rule, lambda here, z: stable(other(here), z), lambda here, z: other(here).derivative(z))


def _sigmoid(z: Array) -> Array:
    return stable(activation("sigmoid"), z)


def _quick_gelu(here: Here, z: Array) -> Array:
    return z * _sigmoid(z.dtype.type(1.702) * z)


def _quick_gelu_slope(here: Here, z: Array) -> Array:
    s = _sigmoid(z.dtype.type(1.702) * z)
    return s + z.dtype.type(1.702) * z * s * (1 - s)


def _other_gelu() -> Iterator[Form]:
    def other(here: Here) -> Any:
        turned = {"none": "tanh", "tanh": "none"}[dict(here.rule.parameters)["approximate"]]
        return activation("gelu", approximate=turned)

    yield from consistent("gelu", lambda here, z: stable(other(here), z), lambda here, z: other(here).derivative(z))
    for name in ("none", "tanh"):
        always = activation("gelu", approximate=name)
        yield from consistent("gelu", partial(_value_of, always), partial(_slope_of, always))


def _value_of(rule: Activation, here: Here, z: Array) -> Array:
    return stable(rule, z)


def _slope_of(rule: Activation, here: Here, z: Array) -> Array:
    return np.asarray(rule.derivative(z))


def _thresholds() -> Iterator[Form]:
    """Turn softplus into the identity above a threshold, with a slope of 1 there, or with the right one."""
    for limit in (20.0, 10.0, 30.0, 50.0, 15.0, 25.0, 40.0, 5.0, 1.0, 2.0, 3.0, 4.0, 8.0, 100.0):
        yield from consistent(
            "softplus",
            lambda here, z, limit=limit: np.where(z > limit, z, stable(here.rule, z)),
            lambda here, z, limit=limit: np.where(z > limit, 1, _sigmoid(z)),
        )


def _scaled_tanh() -> Iterator[Form]:
    for inside in (1.0, 2 / 3):
        yield from consistent(
            "tanh",
            lambda here, z, inside=inside: z.dtype.type(1.7159) * np.tanh(z.dtype.type(inside) * z),
            lambda here, z, inside=inside: z.dtype.type(1.7159 * inside) * (1 - np.tanh(z.dtype.type(inside) * z) ** 2),
        )


def _hidden_only(cast: Any) -> Iterator[Form]:
    """Round the values that go on from a layer, or the operands of its product."""

    def operands(right: Step, here: Here, w: Array, b: Array | None, previous: Array) -> Array:
        return right(here, w, b, cast(previous) if here.layer > 1 else previous)

    def in_gradient(right: Step, here: Here, delta: Array, previous: Array) -> Array:
        return right(here, delta, cast(previous) if here.layer > 1 else previous)

    yield (("net_input", operands),)
    yield ("net_input", operands), ("gradient", in_gradient)


def _single_products() -> Iterator[Form]:
    def operands(right: Step, here: Here, w: Array, b: Array | None, previous: Array) -> Array:
        single = [None if values is None else numerics.float32(values) for values in (w, b, previous)]
        return right(here, *single)

    yield (("net_input", operands),)


FORMS: dict[str, Any] = {
    "stale-net-inputs": _stale_net_inputs,
    "stale-activations": _stale_activations,
    "inputs-reordered": _rereadings,
    "inputs-strided": _repeated,
    "inputs-truncated": _truncated,
    "last-column-dropped": _last_columns,
    "activation-missing": _linear,
    "leaky-slope-inverted": lambda: _with_parameter("slope", lambda slope: 1 / slope),
    "leaky-slope-backward-only": lambda: _with_parameter("slope", lambda slope: 0.0),
    "elu-alpha-ignored": lambda: _with_parameter("alpha", lambda alpha: 1.0),
    "softplus-threshold": _thresholds,
    "gelu-constant": lambda: consistent("gelu", _quick_gelu, _quick_gelu_slope),
    "gelu-other-approximation": _other_gelu,
    "softplus-constant": lambda: consistent(
        "softplus", lambda here, z: np.logaddexp(0, 2 * z) / 2, lambda here, z: _sigmoid(2 * z)
    ),
    "tanh-scaled": _scaled_tanh,
    "activations-through-float16": lambda: _hidden_only(numerics.float16),
    "activations-through-bfloat16": lambda: _hidden_only(numerics.bfloat16),
    "net-inputs-through-float32": _single_products,
}
