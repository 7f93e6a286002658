"""Mutants of precision: results that are nearly right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.catalogue.generator import Numbers
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step


def float32(values: Array) -> Array:
    """Return the values, rounded to float32."""
    return np.asarray(values.astype(np.float32).astype(values.dtype))


def float16(values: Array) -> Array:
    """Return the values, rounded to float16."""
    return np.asarray(values.astype(np.float16).astype(values.dtype))


def bfloat16(values: Array) -> Array:
    """Return the values, rounded to bfloat16."""
    single = np.ascontiguousarray(values, dtype=np.float32)
    bits = single.view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.asarray(rounded.view(np.float32).astype(values.dtype))


def _through(cast: Callable[[Array], Array]) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        return cast(right(here, *arguments))

    return wrong


def half_sum(right: Step, here: Here, deltas: Array, previous: Array) -> Array:
    """Sum the samples' gradients in float16."""
    total = np.zeros((deltas.shape[1], previous.shape[1]), np.float16)
    for delta, a in zip(deltas, previous, strict=True):
        total += np.outer(delta, a).astype(np.float16)
    found = total.astype(deltas.dtype)
    return found if here.mask is None else np.where(here.mask, found, found.dtype.type(0))


def _noise(size: float) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        found = right(here, *arguments)
        noise = Numbers(here.update * 100 + here.layer).uniform(*found.shape)
        return np.asarray(found * (1 + size * noise).astype(found.dtype))

    return wrong


MUTANTS = (
    Mutant(
        "all-deltas-through-float32",
        "delta_at_output",
        _through(float32),
        "every delta passes through float32",
        "7 digits are left",
        "jax#40128",
        also=("hidden_delta",),
    ),
    Mutant(
        "net-inputs-through-float32",
        "net_input",
        _through(float32),
        "net inputs pass through float32",
        "7 digits are left",
        "jax#40128",
    ),
    Mutant(
        "activations-through-float16",
        "activate",
        _through(float16),
        "activations pass through float16",
        "3 digits are left",
    ),
    Mutant(
        "activations-through-bfloat16",
        "activate",
        _through(bfloat16),
        "activations pass through bfloat16",
        "2 digits are left",
    ),
    Mutant(
        "deltas-through-float32",
        "hidden_delta",
        _through(float32),
        "hidden deltas pass through float32",
        "7 digits are left",
        "jax#40128",
    ),
    Mutant(
        "deltas-through-float16",
        "hidden_delta",
        _through(float16),
        "hidden deltas pass through float16",
        "3 digits are left, small ones vanish",
    ),
    Mutant(
        "deltas-through-bfloat16",
        "hidden_delta",
        _through(bfloat16),
        "hidden deltas pass through bfloat16",
        "2 digits are left",
    ),
    Mutant(
        "gradients-through-float32",
        "gradient",
        _through(float32),
        "weight gradients pass through float32",
        "7 digits are left",
    ),
    Mutant(
        "gradients-summed-in-float16",
        "gradient",
        half_sum,
        "gradients are summed in half precision",
        "3 digits are left",
        "tinygrad#15036",
    ),
    Mutant(
        "weights-through-float32", "update", _through(float32), "new weights pass through float32", "7 digits are left"
    ),
    Mutant(
        "weights-through-bfloat16",
        "update",
        _through(bfloat16),
        "new weights pass through bfloat16",
        "small steps vanish",
    ),
    Mutant(
        "noise-1e-3", "gradient", _noise(1e-3), "gradients have a relative noise of 1e-3", "a race", "pytorch#20980"
    ),
    Mutant(
        "noise-1e-5", "gradient", _noise(1e-5), "gradients have a relative noise of 1e-5", "a race", "pytorch#56202"
    ),
    Mutant("delta-noise-1e-5", "hidden_delta", _noise(1e-5), "hidden deltas have a relative noise of 1e-5", "a race"),
)
