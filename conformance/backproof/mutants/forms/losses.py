"""Forms of a wrong loss: other edges of a clipped logarithm, other coefficients of a decay, the outputs for z."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.forms.form import Form, for_loss
from backproof.mutants.steps import Here, Step

EDGES = (1e-3, 1e-2, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-14, 1e-15, 1e-16, 1e-20, 1e-30)
DECAYS = (1.0, 0.5, 0.1, 0.05, 0.01, 5e-3, 1e-3, 5e-4, 1e-4, 5e-5)


def _scale(here: Here, o: Array) -> Any:
    return here.number(here.case.conventions.error_scale(here.case.loss, o.shape[1], len(o)))


def loss_of_outputs(right: Step, here: Here, y: Array, z: Array, o: Array) -> Any:
    """Take the loss from the outputs, whatever they are, where the machine takes it from the net inputs."""
    if here.case.loss == "squared":
        return right(here, y, z, o)
    terms = y * np.log(o)
    if here.case.loss == "log":
        terms = terms + (1 - y) * np.log(1 - o)
    return -_scale(here, o) * terms.sum()


def _clipped_logs() -> Iterator[Form]:
    for edge, kind in product(EDGES, ("both", "added", "below")):
        for loss in (None, "log", "cross_entropy"):
            wrong = _clipped_log(edge, kind)
            yield (("loss", wrong if loss is None else for_loss(loss, wrong)),)


def _clipped_log(edge: float, kind: str) -> Step:
    """Return the loss with outputs clipped at both ends, with a small number added, or clipped from below only."""

    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Any:
        if here.case.loss == "squared":
            return right(here, y, z, o)
        small = o.dtype.type(edge)
        if kind == "added":
            inside, outside = o + small, 1 - o + small
        elif kind == "below":
            inside, outside = np.maximum(o, small), np.maximum(1 - o, small)
        else:
            inside = np.clip(o, small, 1 - small)
            outside = 1 - inside
        terms = y * np.log(inside)
        if here.case.loss == "log":
            terms = terms + (1 - y) * np.log(outside)
        return -_scale(here, o) * terms.sum()

    return wrong


def _decays() -> Iterator[Form]:
    for factor, biases, mean in product(DECAYS, (False, True), (False, True)):
        yield (("loss", _decayed(factor, biases=biases, mean=mean)),)


def _decayed(factor: float, *, biases: bool, mean: bool) -> Step:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Any:
        parameters = [*here.weights, *(b for b in here.biases if b is not None and biases)]
        squares = sum((p * p).sum() for p in parameters)
        return right(here, y, z, o) + o.dtype.type(factor) * squares / o.dtype.type(len(o) if mean else 1)

    return wrong


FORMS: dict[str, Any] = {"log-clipped": _clipped_logs, "loss-with-decay": _decays}
