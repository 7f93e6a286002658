"""Mutants of the gradients (E11), of the update (E26) and of the modes of descent (M1 to M3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step


def divided(count: Any) -> Step:
    """Return a gradient that is divided by a count of where it is taken."""

    def wrong(right: Step, here: Here, deltas: Array, *rest: Any) -> Array:
        return right(here, deltas, *rest) / deltas.dtype.type(count(here))

    return wrong


def _accumulated(key: str) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        place = key, here.layer, len(arguments)
        found = right(here, *arguments) + here.memory.get(place, 0)
        here.memory[place] = found
        return found

    return wrong


def _momentum(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
    key = ("momentum", here.layer, parameters.ndim)
    velocity = by_parameter + parameters.dtype.type(0.9) * here.memory.get(key, 0)
    here.memory[key] = velocity
    return right(here, parameters, velocity)


def _masked_after(right: Step, here: Here, deltas: Array, previous: Array) -> Array:
    return deltas.T @ previous if here.mask is not None else right(here, deltas, previous)


def _rate(change: Any) -> Step:
    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        rate = here.number(here.case.learning_rate)
        return parameters - here.number(change(here, rate)) * by_parameter

    return wrong


def _one_bad(right: Step, here: Here, deltas: Array, previous: Array) -> Array:
    found = right(here, deltas, previous).copy()
    found[-1, -1] *= found.dtype.type(1.01)
    return found


def _without_last_row(right: Step, here: Here, deltas: Array, *rest: Array) -> Array:
    return right(here, deltas[:-1], *(array[:-1] for array in rest))


def _repeated_last(right: Step, here: Here) -> Any:
    found = right(here)
    return (*found[:-1], found[-1] + found[-1][:1]) if len(found) > 1 else found


def _nominal(right: Step, here: Here, deltas: Array, *rest: Array) -> Array:
    nominal = max(len(batch) for batch in here.case.batches)
    return right(here, deltas, *rest) * deltas.dtype.type(len(deltas) / nominal)


def _initial(here: Here, parameters: Array) -> Any:
    layer = here.case.layers[here.layer - 1]
    return layer.weights if parameters.ndim > 1 else layer.biases


def _of_stale(right: Step, here: Here, deltas: Array, previous: Array) -> Array:
    known = here.memory.get(("below", here.layer))
    here.memory["below", here.layer] = previous
    return right(here, deltas, previous if known is None or known.shape != previous.shape else known)


MUTANTS = (
    Mutant(
        "gradient-of-stale-activations",
        "gradient",
        _of_stale,
        "the gradient uses the activations of the update before",
        "from the second update on, a belongs to other samples",
        "gHashTag/trinity#571",
    ),
    Mutant(
        "gradient-mean",
        "gradient",
        divided(lambda here: len(here.batch)),
        "the gradient of the weights is a mean over the samples where E is a sum",
        "steps are too small",
        "aprender#2123",
        also=("bias_gradient",),
        reductions=("sum",),
    ),
    Mutant(
        "gradient-sum",
        "gradient",
        lambda right, here, d, *a: right(here, d, *a) * d.dtype.type(len(d)),
        "the gradient is multiplied by the number of samples",
        "steps are too large",
        also=("bias_gradient",),
    ),
    Mutant(
        "gradient-divided-twice",
        "gradient",
        divided(lambda here: len(here.batch) ** 2),
        "the gradient is divided by the number of samples twice",
        "steps are too small",
        "deeplearning4j#1452",
        also=("bias_gradient",),
    ),
    Mutant(
        "gradient-by-outputs",
        "gradient",
        divided(lambda here: here.case.widths[-1]),
        "the gradient is divided by the number of outputs",
        "steps are too small",
        "scikit-learn#8349",
        also=("bias_gradient",),
    ),
    Mutant(
        "gradient-by-nominal-batch",
        "gradient",
        _nominal,
        "a partial last batch is divided by the nominal batch size",
        "its steps are too small",
        "LBANN#10, keras#20241",
        also=("bias_gradient",),
    ),
    Mutant(
        "gradient-of-one-sample",
        "gradient",
        lambda right, here, d, *a: right(here, d[:1], *(below[:1] for below in a)),
        "the gradient is that of one sample only",
        "all others teach nothing",
        also=("bias_gradient",),
    ),
    Mutant(
        "last-sample-dropped",
        "gradient",
        _without_last_row,
        "the last sample of a batch is left out of the gradient",
        "off by one",
        "burn#5304",
        also=("bias_gradient",),
    ),
    Mutant(
        "gradient-accumulates",
        "gradient",
        _accumulated("gradient"),
        "gradients are not zeroed between updates",
        "from the second update on they add up",
        "karpathy/micrograd#102, llm.c#548",
        also=("bias_gradient",),
    ),
    Mutant(
        "gradient-of-activations",
        "gradient",
        lambda right, here, d, a: right(
            here, d, here.activations[here.layer] if here.activations[here.layer].shape == a.shape else a
        ),
        "the layer's own activation for the one below",
        "delta_i a_i instead of delta_i a_j",
        "encog-java-core#243",
    ),
    Mutant(
        "gradient-of-net-inputs",
        "gradient",
        lambda right, here, d, a: right(here, d, here.net_inputs[here.layer - 2] if here.layer > 1 else a),
        "z of the layer below for its a",
        "z was not overwritten by a",
        "deeplearning4j#364",
    ),
    Mutant(
        "gradient-clipped",
        "gradient",
        lambda right, here, d, *a: np.clip(right(here, d, *a), -0.1, 0.1).astype(d.dtype),
        "gradient clipping is left on",
        "large gradients are cut to 0.1",
        also=("bias_gradient",),
    ),
    Mutant(
        "gradient-one-bad-element",
        "gradient",
        _one_bad,
        "one element of the gradient is off by 1 %",
        "a race, or a wrong edge of a block",
        "burn#5304",
    ),
    Mutant(
        "mask-ignored-in-the-update",
        "gradient",
        _masked_after,
        "edges that do not exist get a gradient",
        "the network grows edges",
    ),
    Mutant(
        "bias-gradient-one-sample",
        "bias_gradient",
        lambda right, here, d: right(here, d[:1]),
        "the bias gradient is that of one sample only",
        "not summed over the batch",
        "mlpack#3679",
    ),
    Mutant(
        "bias-gradient-mean",
        "bias_gradient",
        divided(lambda here: len(here.batch)),
        "the bias gradient is a mean, the weights' a sum",
        "biases learn too slowly",
        "deeplearning4j#364",
    ),
    Mutant(
        "bias-gradient-over-neurons",
        "bias_gradient",
        lambda right, here, d: np.full(d.shape[1], right(here, d).mean(), d.dtype),
        "the bias gradient is averaged over the neurons",
        "the wrong axis",
        "deeplearning4j#364",
    ),
    Mutant(
        "bias-value-as-gradient",
        "bias_gradient",
        lambda right, here, d: here.case.layers[here.layer - 1].biases.copy(),
        "the bias itself is used as its gradient",
        "biases decay",
        "apache/systemds#2330",
    ),
    Mutant(
        "bias-gradient-accumulates",
        "bias_gradient",
        _accumulated("bias"),
        "bias gradients are not zeroed between updates",
        "from the second update on they add up",
        "llm.c#548",
    ),
    Mutant(
        "bias-gradient-doubled",
        "bias_gradient",
        lambda right, here, d: 2 * right(here, d),
        "the bias gradient has a factor 2",
        "biases learn too fast",
    ),
    Mutant(
        "bias-never-updated",
        "bias_update",
        lambda right, here, b, g: b.copy(),
        "biases are never updated",
        "they keep their initial values",
        "nntrainer#219, OpenANN#76",
    ),
    Mutant(
        "bias-ascent",
        "bias_update",
        lambda right, here, b, g: right(here, b, -g),
        "biases take a step up the gradient",
        "the sign is wrong for biases",
    ),
    Mutant(
        "bias-rate-one",
        "bias_update",
        lambda right, here, b, g: b - g,
        "biases are updated without the learning rate",
        "their steps are too large",
    ),
    Mutant(
        "ascent",
        "update",
        lambda right, here, w, g: right(here, w, -g),
        "weights and biases take a step up the gradient",
        "the error grows",
    ),
    Mutant(
        "rate-squared",
        "update",
        _rate(lambda here, rate: rate * rate),
        "the learning rate is applied twice",
        "steps are too small",
        "nitrain#42",
    ),
    Mutant("rate-half", "update", _rate(lambda here, rate: rate / 2), "half the learning rate", "steps are too small"),
    Mutant(
        "rate-from-float16",
        "update",
        _rate(lambda here, rate: np.float16(rate * 1.001)),
        "the learning rate went through float16",
        "it is off by up to 5e-4",
        "jax#40128",
    ),
    Mutant(
        "rate-ignored-in-layer-1",
        "update",
        lambda right, here, w, g: w - g if here.layer == 1 else right(here, w, g),
        "the first layer is updated without the learning rate",
        "its steps are too large",
    ),
    Mutant(
        "first-layer-frozen",
        "update",
        lambda right, here, w, g: w.copy() if here.layer == 1 else right(here, w, g),
        "the first layer is never updated",
        "range(1, L) for range(L)",
    ),
    Mutant(
        "output-layer-frozen",
        "update",
        lambda right, here, w, g: w.copy() if here.layer == here.case.depth else right(here, w, g),
        "the output layer is never updated",
        "range(L - 1) for range(L)",
    ),
    Mutant(
        "weight-decay",
        "update",
        lambda right, here, w, g: right(here, w, g + w.dtype.type(0.01) * w if w.ndim > 1 else g),
        "weight decay is left on",
        "weights shrink",
    ),
    Mutant("momentum", "update", _momentum, "momentum is left on", "from the second update on steps add up"),
    Mutant(
        "update-of-initial-weights",
        "update",
        lambda right, here, w, g: right(here, _initial(here, w), g),
        "every update starts from the initial weights",
        "earlier updates are lost",
    ),
    Mutant(
        "batches-first-only",
        "batches",
        lambda right, here: (right(here)[0],) * len(right(here)),
        "every update uses the first batch",
        "the others teach nothing",
    ),
    Mutant(
        "batches-reversed",
        "batches",
        lambda right, here: right(here)[::-1],
        "the batches are taken in the wrong order",
        "other samples in every update",
    ),
    Mutant(
        "batches-sorted",
        "batches",
        lambda right, here: tuple(sorted(right(here))),
        "the given order is ignored",
        "other samples in every update",
    ),
    Mutant(
        "last-batch-repeats",
        "batches",
        _repeated_last,
        "a partial last batch is filled up with a repeated sample",
        "that sample counts twice",
        "ms-swift#10084, neon#9",
    ),
    Mutant(
        "one-sample-missing",
        "batches",
        lambda right, here: tuple(b[:-1] if len(b) > 1 else b for b in right(here)),
        "the last sample of each batch is never drawn",
        "off by one",
    ),
    Mutant(
        "partial-batch-dropped",
        "batches",
        lambda right, here: tuple(batch for batch in right(here) if len(batch) == len(right(here)[0])),
        "a mini-batch smaller than the others is dropped",
        "its samples teach nothing",
        "LBANN#10, keras#20241",
    ),
    Mutant(
        "last-update-missing",
        "batches",
        lambda right, here: right(here)[:-1] if len(right(here)) > 1 else right(here),
        "the last update is never made",
        "one epoch too few",
    ),
)
