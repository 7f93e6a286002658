"""Forms of derivatives: at another layer's net inputs, at those of the update before, or of another activation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.forms.form import Form
from backproof.mutants.forms.forward import ROWS, recalled
from backproof.mutants.forms.sites import slope_at_output
from backproof.mutants.steps import Here, Step, derivative, stable
from backproof_spec import activation


def _neighbours(offset: int) -> Iterator[Form]:
    """Take f' one layer off: of the own activation or of that layer's, whatever is done where the widths differ.

    Below the first layer stand the inputs, or the last layer, as an index of -1 means; or the first is right.
    """
    for own, ends, fits in product((True, False), ("right", "inputs", "around"), ("right", "around", "zeros")):
        if offset < 0 or ends == "right":
            yield (("slope", _neighbour(offset, own=own, ends=ends, fits=fits)),)


def _neighbour(offset: int, *, own: bool, ends: str, fits: str) -> Step:
    def wrong(right: Step, here: Here, z: Array, a: Array) -> Array:
        other = here.layer - 1 + offset
        if other < 0 and ends == "right":
            return right(here, z, a)
        near = here.activations[0] if other < 0 and ends == "inputs" else here.net_inputs[other]
        rule = here.rule if own or (other < 0 and ends == "inputs") else here.case.layers[other].activation
        if not rule.elementwise or (near.shape != z.shape and fits == "right"):
            return right(here, z, a)
        near = _fitted(near, z.shape[1], fits)
        return derivative(rule, near, stable(rule, near))

    return wrong


def _fitted(values: Array, width: int, fits: str) -> Array:
    """Return as many columns as are needed: cut off, or the first ones again, or zeros."""
    if fits == "around":
        return values[:, np.arange(width) % values.shape[1]]
    missing = max(0, width - values.shape[1])
    return np.pad(values[:, :width], ((0, 0), (0, missing)))


def _everywhere(slope: Step) -> Iterator[Form]:
    """Take a slope in hidden layers and at the output, also where that is softmax, the identity or a fused pair."""
    for also_identity, softmax, unfused in product((False, True), repeat=3):
        at_output = slope_at_output(slope, also_identity=also_identity, softmax=softmax, unfused=unfused)
        yield ("slope", slope), ("delta_at_output", at_output)


def _of_another(name: str) -> Iterator[Form]:
    rule = activation(name)
    yield from _everywhere(lambda right, here, z, a: derivative(rule, z, stable(rule, z)))


def _stale() -> Iterator[Form]:
    """Take f' at the net inputs of the update before; z itself is fresh."""
    for rows, first in product(ROWS, (False, True)):
        slope = _at_stale(rows, first=first)
        yield (("slope", slope),)
        yield ("slope", slope), ("delta_at_output", slope_at_output(slope, also_identity=False, unfused=False))


def _at_stale(rows: str, *, first: bool) -> Step:
    def wrong(right: Step, here: Here, z: Array, a: Array) -> Array:
        used = recalled(here, "z of f'", z, rows, first=first)
        return derivative(here.rule, used, stable(here.rule, used))

    return wrong


FORMS: dict[str, Any] = {
    "stale-net-inputs": _stale,
    "derivative-of-sigmoid": lambda: _of_another("sigmoid"),
    "derivative-of-relu": lambda: _of_another("relu"),
    "derivative-a-one-minus-a": lambda: _everywhere(lambda right, here, z, a: a * (1 - a)),
    "derivative-one-layer-up": lambda: _neighbours(1),
    "derivative-one-layer-down": lambda: _neighbours(-1),
}
