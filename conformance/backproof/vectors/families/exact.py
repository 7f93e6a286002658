"""Exact vectors: linear and ReLU networks of dyadic numbers in which no float32 ever rounds. Tolerance: none.

Weights, biases and inputs are small multiples of a power of two, drawn until no net input is 0; that no intermediate
rounds, in whatever order it is summed, is proved when the vector is made (dyadic.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.catalogue.generator import Numbers
from backproof.truth import float_spec
from backproof.vectors.entry import Entry
from backproof_spec import Layer, activation

FAMILY = "exact"
LEAKY = activation("leaky_relu", slope=0.25)
R, I = activation("relu"), activation("identity")  # noqa: E741 - the identity

# what, widths, activations, options
TABLE: tuple[tuple[str, tuple[int, ...], tuple[Any, ...], dict[str, Any]], ...] = (
    ("linear-one-layer", (3, 2), (I,), {"seed": 501}),
    ("linear-one-output", (4, 1), (I,), {"seed": 502, "samples": 5}),
    ("linear-two-layers", (3, 4, 2), (I, I), {"seed": 503}),
    ("linear-three-layers", (2, 3, 2, 3), (I, I, I), {"seed": 504, "samples": 2}),
    ("linear-no-biases", (3, 2, 4), (I, I), {"seed": 505, "biases": False}),
    ("linear-masked", (4, 3, 2), (I, I), {"seed": 506, "masked": True}),
    ("linear-wide", (5, 16, 3), (I, I), {"seed": 507, "samples": 2}),
    ("linear-batch-descent", (2, 2), (I,), {"seed": 508, "samples": 3, "batches": ((0, 1, 2),) * 2, "rate": 2.0**-4}),
    ("linear-stochastic", (2, 1), (I,), {"seed": 509, "samples": 3, "batches": ((2,), (0,), (1,)), "rate": 2.0**-3}),
    ("relu-one-layer", (3, 4), (R,), {"seed": 511}),
    ("relu-two-layers", (3, 5, 2), (R, I), {"seed": 512}),
    ("relu-relu-output", (2, 4, 3), (R, R), {"seed": 513}),
    ("relu-three-layers", (3, 4, 3, 2), (R, R, I), {"seed": 514, "samples": 3, "grid": 1}),
    ("relu-one-sample", (4, 6, 2), (R, I), {"seed": 515, "samples": 1}),
    ("relu-one-neuron-a-layer", (1, 1, 1, 1), (R, R, I), {"seed": 526, "samples": 3}),
    ("relu-masked", (4, 5, 2), (R, I), {"seed": 517, "masked": True}),
    ("relu-no-biases", (3, 5, 2), (R, I), {"seed": 518, "biases": False}),
    ("relu-mini-batches", (2, 3, 1), (R, I), {"seed": 519, "samples": 5, "batches": ((3, 0), (1, 4)), "grid": 1}),
    ("leaky-relu-two-layers", (3, 4, 2), (LEAKY, I), {"seed": 521, "grid": 1}),
    ("leaky-relu-three-layers", (2, 3, 4, 2), (LEAKY, R, I), {"seed": 522, "samples": 2, "grid": 1}),
)


def entries() -> Iterator[Entry]:
    """Yield the exact entries."""
    for what, widths, rules, options in TABLE:
        yield Entry(case=_case(what, widths, rules, **options), family=FAMILY, seed=options["seed"], exact=True)


def _case(
    what: str,
    widths: tuple[int, ...],
    rules: tuple[Any, ...],
    *,
    seed: int,
    samples: int = 4,
    biases: bool = True,
    masked: bool = False,
    batches: tuple[tuple[int, ...], ...] | None = None,
    rate: float = 0.125,
    grid: int = 2,
) -> Case:
    numbers = Numbers(seed)
    while True:
        layers = tuple(
            _layer(numbers, n_in, n_out, rule, biases=biases, masked=masked, grid=grid)
            for n_in, n_out, rule in zip(widths[:-1], widths[1:], rules, strict=True)
        )
        case = Case(
            slug=f"exact-{what}",
            title=f"Exact to the bit: {what.replace('-', ' ')}",
            layers=layers,
            x=_dyadic(numbers, 1, samples, widths[0]),
            y=_dyadic(numbers, 1, samples, widths[-1]),
            loss="squared",
            learning_rate=rate,
            batches=batches or (tuple(range(samples)),),
        )
        if not _stands_at_a_kink(case):
            return case


def _dyadic(numbers: Numbers, grid: int, *shape: int) -> Array:
    """Return multiples of 2^-grid between -2 and 2, none of them 0."""
    found = np.floor(numbers.uniform(*shape) * 2.0 ** (grid + 1)) / 2.0**grid
    return np.asarray(np.where(found == 0, 1.0, found))


def _layer(numbers: Numbers, n_in: int, n_out: int, rule: Any, *, biases: bool, masked: bool, grid: int) -> Layer:
    weights = _dyadic(numbers, grid, n_out, n_in)
    mask = None
    if masked:
        mask = (np.arange(n_out)[:, None] + np.arange(n_in)) % 3 != 0
        weights = np.where(mask, weights, 0.0)
    return Layer(weights, _dyadic(numbers, grid + 1, n_out) if biases else None, rule, mask)


def _stands_at_a_kink(case: Case) -> bool:
    """Return whether a net input of a kinked layer is 0; the numbers are exact, so that the answer is."""
    return any(
        (values["net_inputs", n] == 0).any()
        for values in float_spec(case)
        for n, layer in enumerate(case.layers, 1)
        if layer.activation.kink is not None
    )
