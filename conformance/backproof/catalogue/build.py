"""Building a case from a few words: widths, activations, a loss, and what is special about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.catalogue.generator import Numbers
from backproof.tolerance import SATURATION, Tolerance
from backproof_spec import Activation, Layer, activation

DEFAULT_OUTPUT = {"squared": "identity", "log": "sigmoid", "cross_entropy": "softmax"}


def build_case(
    slug: str,
    title: str,
    widths: Sequence[int],
    hidden: str | Activation | Sequence[str | Activation] = "sigmoid",
    loss: str = "squared",
    *,
    seed: int,
    output: str | Activation | None = None,
    samples: int = 4,
    batches: Sequence[Sequence[int]] | None = None,
    learning_rate: float = 0.125,
    weight_scale: float = 1.0,
    bias_scale: float = 0.5,
    bias_shift: float = 0.0,
    input_scale: float = 1.0,
    biases: bool | Sequence[bool] = True,
    density: float = 1.0,
    soft_labels: bool = False,
    flags: Sequence[str] = (),
) -> Case:
    """Return the float64 case whose numbers the generator gives for `seed`.

    widths: n_0, n_1, ..., n_L; hidden: one activation or one for each hidden layer; weight_scale: in units of
    1 / sqrt(n_in); density: the share of the edges that exist.
    """
    numbers, depth = Numbers(seed), len(widths) - 1
    named = [hidden] * (depth - 1) if isinstance(hidden, str | Activation) else list(hidden)
    activations = [*named, output or DEFAULT_OUTPUT[loss]]
    with_biases = [biases] * depth if isinstance(biases, bool) else list(biases)
    layers = []
    for n_in, n_out, rule, biased in zip(widths[:-1], widths[1:], activations, with_biases, strict=True):
        weights = numbers.uniform(n_out, n_in) * (weight_scale * 1.5 / np.sqrt(n_in))
        mask = _mask(numbers, n_out, n_in, density) if density < 1 else None
        layers.append(
            Layer(
                weights=weights if mask is None else np.where(mask, weights, 0.0),
                biases=numbers.uniform(n_out) * bias_scale + bias_shift if biased else None,
                activation=rule if isinstance(rule, Activation) else activation(rule),
                mask=mask,
            )
        )
    case = Case(
        slug=slug,
        title=title,
        layers=tuple(layers),
        x=numbers.uniform(samples, widths[0]) * input_scale,
        y=_labels(numbers, loss, samples, widths[-1], soft=soft_labels),
        loss=loss,
        learning_rate=learning_rate,
        batches=tuple(tuple(batch) for batch in batches or [range(samples)]),
        flags=tuple(flags),
    )
    return with_numeric_flags(case)


def with_numeric_flags(case: Case) -> Case:
    """Return the case with the flags that depend on its numbers: `saturated-output` in either dtype."""
    if case.loss == "squared":
        return case
    previous = case.x.astype(np.float64)
    with np.errstate(over="ignore"):
        for layer in case.layers:
            z = previous @ layer.weights.T + (0 if layer.biases is None else layer.biases)
            top = z.max(axis=-1, keepdims=True) if not layer.activation.elementwise else 0
            previous = layer.activation(z - top)
    edge = SATURATION * Tolerance("float32").u
    saturated = bool((np.minimum(previous, 1 - previous) < edge).any())
    return replace(case, flags=(*case.flags, "saturated-output")) if saturated else case


def _mask(numbers: Numbers, n_out: int, n_in: int, density: float) -> Array:
    mask = (numbers.uniform(n_out, n_in) + 1) / 2 < density
    mask[np.arange(n_out), np.arange(n_out) % n_in] = True
    mask[np.arange(n_in) % n_out, np.arange(n_in)] = True
    if mask.all() and mask.size > max(n_out, n_in):
        mask[0, -1] = False
    return np.asarray(mask)


def _labels(numbers: Numbers, loss: str, samples: int, outputs: int, *, soft: bool) -> Array:
    if loss == "squared":
        return numbers.uniform(samples, outputs)
    if loss == "log":
        labels = (numbers.uniform(samples, outputs) + 1) / 2
        return np.round(labels * 16) / 16 if soft else np.round(labels)
    hot = np.zeros((samples, outputs))
    hot[np.arange(samples), numbers.integers(outputs, samples)] = 1.0
    if soft:
        second = (np.argmax(hot, axis=1) + 1 + numbers.integers(max(outputs - 1, 1), samples)) % outputs
        share = (1 + numbers.integers(7, samples)) / 16
        hot *= (1 - share)[:, None]
        hot[np.arange(samples), second] += share
    return hot
