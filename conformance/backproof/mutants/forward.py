"""Mutants of the forward pass and the loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step, stable
from backproof_spec import activation


def _stale(key: str) -> Step:
    """Return a step that hands out what it computed in the update before."""

    def wrong(right: Step, here: Here, *arguments: Any) -> Any:
        found = right(here, *arguments)
        known = here.memory.get((key, here.layer))
        here.memory[key, here.layer] = found
        return found if known is None or known.shape != found.shape else known

    return wrong


def _with_parameter(**changed: Any) -> Step:
    """Return an activation with another parameter, where it has that parameter."""

    def wrong(right: Step, here: Here, z: Array) -> Array:
        rule = here.rule
        if not set(changed) <= dict(rule.parameters).keys():
            return right(here, z)
        return stable(replace(rule, parameters=tuple(sorted({**dict(rule.parameters), **changed}.items()))), z)

    return wrong


def _inverted_slope(right: Step, here: Here, z: Array) -> Array:
    parameters = dict(here.rule.parameters)
    if "slope" not in parameters:
        return right(here, z)
    return stable(replace(here.rule, parameters=(("slope", 1 / parameters["slope"]),)), z)


def _only(name: str, formula: Step) -> Step:
    """Return a step that is wrong for one activation."""

    def wrong(right: Step, here: Here, z: Array) -> Array:
        return formula(right, here, z) if here.rule.name == name else right(here, z)

    return wrong


def _literal_softmax(right: Step, here: Here, z: Array) -> Array:
    powers = np.exp(z)
    return powers / powers.sum(axis=-1, keepdims=True)


def _clipped_log(right: Step, here: Here, y: Array, z: Array, o: Array) -> Any:
    if here.case.loss == "squared":
        return right(here, y, z, o)
    edge = o.dtype.type(1e-3)
    inside = np.clip(o, edge, 1 - edge)
    terms = y * np.log(inside)
    if here.case.loss == "log":
        terms = terms + (1 - y) * np.log(1 - inside)
    conventions = here.case.conventions
    scale = conventions.error_scale(here.case.loss, here.case.widths[-1], len(here.batch))
    return -here.number(scale) * terms.sum()


MUTANTS = (
    Mutant(
        "bias-forgotten-forward",
        "net_input",
        lambda right, here, w, b, a: right(here, w, None, a),
        "the bias is not added in the forward pass",
        "z is off by b",
    ),
    Mutant(
        "bias-twice",
        "net_input",
        lambda right, here, w, b, a: right(here, w, None if b is None else 2 * b, a),
        "the bias is added twice",
        "z is off by b",
    ),
    Mutant(
        "stale-net-inputs",
        "net_input",
        _stale("z"),
        "net inputs of the update before are used again",
        "from the second update on, z belongs to other samples or weights",
        "torch/nn#1015",
    ),
    Mutant(
        "stale-activations",
        "activate",
        _stale("a"),
        "activations of the update before are used again",
        "from the second update on, a belongs to other samples or weights",
        "gHashTag/trinity#571",
    ),
    Mutant(
        "inputs-truncated",
        "samples",
        lambda right, here: (np.trunc(right(here)[0]), right(here)[1]),
        "the inputs are read as integers",
        "fractions are lost",
        "numpy#15246",
    ),
    Mutant(
        "inputs-reordered",
        "samples",
        lambda right, here: (_reread(right(here)[0]), right(here)[1]),
        "a Fortran-ordered input is read as if it were C-ordered",
        "features and samples are mixed",
        "flash-attention#355, pytorch#162779",
    ),
    Mutant(
        "inputs-strided",
        "samples",
        lambda right, here: (_strided(right(here)[0]), right(here)[1]),
        "the strides of an input are ignored",
        "rows repeat",
        "candle#3735",
    ),
    Mutant(
        "last-column-dropped",
        "samples",
        lambda right, here: (_without_last_column(right(here)[0]), right(here)[1]),
        "the last input column is dropped",
        "its weights never learn",
    ),
    Mutant(
        "activation-missing",
        "activate",
        lambda right, here, z: z if here.layer < here.case.depth else right(here, z),
        "no activation function in hidden layers",
        "the network is linear",
    ),
    Mutant(
        "softmax-twice",
        "activate",
        _only("softmax", lambda right, here, z: right(here, right(here, z))),
        "softmax is applied twice",
        "outputs are nearly uniform",
        "tflearn#562, lightning-bolts#654",
    ),
    Mutant(
        "softmax-not-shifted",
        "activate",
        _only("softmax", _literal_softmax),
        "softmax without subtracting the largest net input",
        "overflow to NaN",
    ),
    Mutant(
        "softmax-over-samples",
        "activate",
        _only("softmax", lambda right, here, z: right(here, z.T).T),
        "softmax is taken over the samples instead of the classes",
        "outputs of a sample do not sum to 1",
    ),
    Mutant(
        "sigmoid-clipped",
        "activate",
        _only("sigmoid", lambda right, here, z: np.clip(right(here, z), 0.01, 0.99).astype(z.dtype)),
        "sigmoid is clipped to [0.01, 0.99]",
        "saturated neurons are off",
    ),
    Mutant(
        "sigmoid-without-minus",
        "activate",
        _only("sigmoid", lambda right, here, z: right(here, -z)),
        "sigmoid is written with e^x for e^-x",
        "activations are mirrored",
    ),
    Mutant(
        "leaky-slope-backward-only",
        "activate",
        _with_parameter(slope=0.0),
        "the leaky slope is missing in the forward pass",
        "negative net inputs give 0",
    ),
    Mutant(
        "leaky-slope-inverted",
        "activate",
        _inverted_slope,
        "the leaky slope is inverted (1 / slope)",
        "negative net inputs are enlarged",
    ),
    Mutant(
        "elu-alpha-ignored",
        "activate",
        _with_parameter(alpha=1.0),
        "ELU with alpha = 1, whatever was asked for",
        "negative activations are too small",
    ),
    Mutant(
        "gelu-other-approximation",
        "activate",
        lambda right, here, z: (
            stable(activation("gelu", approximate=_other(here)), z) if here.rule.name == "gelu" else right(here, z)
        ),
        "GELU by the other of its two formulas",
        "activations are off by up to 5e-4",
    ),
    Mutant(
        "gelu-constant",
        "activate",
        _only("gelu", lambda right, here, z: z * stable(activation("sigmoid"), z.dtype.type(1.702) * z)),
        "GELU as z sigmoid(1.702 z)",
        "activations are off by up to 2e-2",
    ),
    Mutant(
        "softplus-constant",
        "activate",
        _only("softplus", lambda right, here, z: np.log1p(np.exp(np.minimum(2 * z, 80))) / 2),
        "softplus with beta = 2",
        "activations are too small",
    ),
    Mutant(
        "softplus-threshold",
        "activate",
        _only("softplus", lambda right, here, z: np.where(z > 1, z, right(here, z)).astype(z.dtype)),
        "softplus turns into the identity above a threshold",
        "activations are too small above it",
    ),
    Mutant(
        "tanh-scaled",
        "activate",
        _only("tanh", lambda right, here, z: right(here, z) * z.dtype.type(1.7159)),
        "tanh scaled by 1.7159",
        "activations are too large",
    ),
    Mutant(
        "log-clipped",
        "loss",
        _clipped_log,
        "the outputs are clipped before the logarithm",
        "the loss of saturated outputs is wrong",
        "tiny-dnn#410, ntm-lasagne#5",
    ),
    Mutant(
        "loss-halved",
        "loss",
        lambda right, here, y, z, o: right(here, y, z, o) / 2,
        "the reported loss has a factor 1/2 that the gradient has not",
        "the loss is not the one that is differentiated",
        "dlib#1169",
    ),
    Mutant(
        "loss-mean-over-outputs",
        "loss",
        lambda right, here, y, z, o: right(here, y, z, o) / o.dtype.type(o.shape[-1]),
        "the reported loss is a mean over the outputs, the gradient that of the sum",
        "the loss is not the one that is differentiated",
        "scikit-learn#8349",
    ),
    Mutant(
        "loss-mean-over-samples",
        "loss",
        lambda right, here, y, z, o: right(here, y, z, o) / o.dtype.type(len(o)),
        "the reported loss is a mean over the samples, the gradient that of the sum",
        "the loss is not the one that is differentiated",
        "aprender#2123",
    ),
    Mutant(
        "loss-with-decay",
        "loss",
        lambda right, here, y, z, o: (
            right(here, y, z, o) + o.dtype.type(0.5) * sum((w * w).sum() for w in here.weights)
        ),
        "the loss contains an L2 term that the gradient has not",
        "the loss is not the one that is differentiated",
        "Burton2000/CS231n-2017#9",
    ),
)


def _other(here: Here) -> str:
    return {"none": "tanh", "tanh": "none"}[dict(here.rule.parameters)["approximate"]]


def _reread(x: Array) -> Array:
    return np.ascontiguousarray(x.ravel(order="F").reshape(x.shape))


def _strided(x: Array) -> Array:
    return np.repeat(x[::2], 2, axis=0)[: len(x)]


def _without_last_column(x: Array) -> Array:
    found = x.copy()
    found[:, -1] = 0
    return found
