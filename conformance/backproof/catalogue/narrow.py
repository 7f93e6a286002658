"""Families of cases for packages that do one kind of network only, so that they too are judged on enough of them.

They are not part of the catalogue that every subject is judged by; a subject names its families in `narrow`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from backproof.case import Case
from backproof.catalogue.build import build_case
from backproof_spec import activation

NARROW = {
    "sigmoid-softmax": "one hidden layer of sigmoids under a softmax, cross-entropy",
    "relu-linear": "ReLU or identity in every layer, squared loss, one update",
    "one-activation": "the same activation in every layer, squared loss, one sample an update",
}
SMALL_SLOPE = activation("leaky_relu", slope=0.0078125)

# slug, title, widths, hidden activation, options
TABLE: dict[str, tuple[tuple[str, str, tuple[int, ...], Any, dict[str, Any]], ...]] = {
    "sigmoid-softmax": (
        ("sigmoid-softmax-one-sample", "One sample", (3, 4, 3), "sigmoid", {"seed": 301, "samples": 1}),
        ("sigmoid-softmax-two-classes", "Two classes", (3, 4, 2), "sigmoid", {"seed": 302, "samples": 5}),
        ("sigmoid-softmax-many-classes", "Seven classes", (4, 3, 7), "sigmoid", {"seed": 303, "samples": 9}),
        ("sigmoid-softmax-narrow", "One hidden neuron", (2, 1, 3), "sigmoid", {"seed": 304, "samples": 4}),
        ("sigmoid-softmax-wide", "64 hidden neurons", (7, 64, 4), "sigmoid", {"seed": 305, "samples": 8}),
        (
            "sigmoid-softmax-saturated",
            "Hidden sigmoids at both ends",
            (3, 5, 4),
            "sigmoid",
            {"seed": 306, "weight_scale": 10.0},
        ),
        (
            "sigmoid-softmax-large-rate",
            "alpha = 0.9",
            (3, 4, 3),
            "sigmoid",
            {"seed": 307, "learning_rate": 0.9, "samples": 6},
        ),
        (
            "sigmoid-softmax-batch-descent",
            "Three epochs of batch descent",
            (3, 4, 3),
            "sigmoid",
            {"seed": 308, "samples": 5, "batches": ((0, 1, 2, 3, 4),) * 3},
        ),
        (
            "sigmoid-softmax-stochastic-descent",
            "One update a sample",
            (2, 4, 3),
            "sigmoid",
            {"seed": 309, "samples": 4, "batches": ((2,), (0,), (3,), (1,)), "learning_rate": 0.5},
        ),
        (
            "sigmoid-softmax-mini-batches",
            "Mini-batches of 3 with a last one of 1",
            (3, 5, 3),
            "sigmoid",
            {"seed": 310, "samples": 7, "batches": ((4, 1, 6), (0, 5, 2), (3,)), "learning_rate": 0.25},
        ),
    ),
    "relu-linear": (
        ("relu-linear-small", "One hidden ReLU", (1, 1, 1), "relu", {"seed": 351, "samples": 2}),
        ("relu-linear-one-output", "Two hidden layers, one output", (3, 5, 4, 1), "relu", {"seed": 352, "samples": 5}),
        ("relu-linear-relu-output", "ReLU at the output too", (3, 4, 3), "relu", {"seed": 353, "output": "relu"}),
        ("relu-linear-bottleneck", "Through one neuron", (4, 5, 1, 3), "relu", {"seed": 354, "samples": 6}),
        ("relu-linear-below-zero", "Most neurons at rest", (3, 8, 2), "relu", {"seed": 355, "bias_shift": -0.75}),
    ),
    "one-activation": tuple(
        row
        for number, (name, rule) in enumerate(
            (("sigmoid", "sigmoid"), ("tanh", "tanh"), ("relu", "relu"), ("leaky-relu", SMALL_SLOPE))
        )
        for row in (
            (
                f"all-{name}",
                f"Two layers of {name}",
                (3, 4, 3),
                rule,
                {"seed": 320 + 10 * number, "samples": 1, "output": rule},
            ),
            (
                f"all-{name}-deep",
                f"Four layers of {name}",
                (2, 5, 4, 3, 1),
                rule,
                {"seed": 321 + 10 * number, "samples": 1, "output": rule, "learning_rate": 0.5},
            ),
            (
                f"all-{name}-stochastic",
                f"Three updates of {name}, a sample each",
                (3, 5, 2),
                rule,
                {
                    "seed": 322 + 10 * number,
                    "samples": 3,
                    "batches": ((1,), (2,), (0,)),
                    "output": rule,
                    "learning_rate": 0.25,
                },
            ),
        )
    ),
}
LOSS = {"sigmoid-softmax": "cross_entropy", "relu-linear": "squared", "one-activation": "squared"}


@cache
def _float64_cases(family: str) -> tuple[Case, ...]:
    return tuple(
        build_case(slug, title, widths, rule, LOSS[family], **options)
        for slug, title, widths, rule, options in TABLE[family]
    )


def narrow_cases(dtype: str, family: str | None = None) -> tuple[Case, ...]:
    """Return the cases of a family of `NARROW` (None: of all of them) in one dtype."""
    families = NARROW if family is None else (family,)
    return tuple(case.as_dtype(dtype) for name in families for case in _float64_cases(name))
