"""The table of cases. To add one, write its line here; its slug is permanent and never reused.

Rectangular on purpose: never only square, never only a batch of 1, never only one output.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np

from backproof.case import DTYPES, Case
from backproof.catalogue.build import build_case, with_numeric_flags
from backproof.catalogue.large import LARGE, large_case
from backproof.catalogue.narrow import narrow_cases
from backproof.catalogue.worked import worked_example
from backproof.errors import UsageError
from backproof_spec import Layer, activation

LEAKY = activation("leaky_relu", slope=0.25)
ELU = activation("elu", alpha=1.5)
GELU_TANH = activation("gelu", approximate="tanh")

# slug, title, widths, hidden activation(s), loss, options
TABLE: tuple[tuple[str, str, tuple[int, ...], Any, str, dict[str, Any]], ...] = (
    ("one-layer-regression", "A single identity layer, one output", (3, 1), (), "squared", {"seed": 101}),
    ("one-layer-binary", "Logistic regression", (4, 1), (), "log", {"seed": 102, "samples": 5}),
    ("one-layer-multiclass", "Softmax regression", (3, 4), (), "cross_entropy", {"seed": 103, "samples": 6}),
    ("one-neuron-a-layer", "Width 1 everywhere", (1, 1, 1), "sigmoid", "log", {"seed": 104, "samples": 1}),
    ("sigmoid-regression", "Sigmoid, then identity", (2, 3, 2), "sigmoid", "squared", {"seed": 105}),
    ("sigmoid-binary", "Sigmoid, one output", (3, 4, 1), "sigmoid", "log", {"seed": 106, "learning_rate": 0.5}),
    ("sigmoid-multiclass", "Sigmoid, softmax", (4, 5, 3), "sigmoid", "cross_entropy", {"seed": 107, "samples": 3}),
    (
        "sigmoid-one-sample",
        "One sample shows every delta",
        (3, 5, 2),
        "sigmoid",
        "squared",
        {"seed": 108, "samples": 1},
    ),
    ("tanh-regression", "Tanh, then identity", (3, 4, 2), "tanh", "squared", {"seed": 109}),
    ("tanh-binary", "Tanh, sigmoid output", (2, 5, 3, 1), "tanh", "log", {"seed": 110, "samples": 6}),
    (
        "tanh-one-sample",
        "One sample, two hidden layers",
        (2, 3, 4, 3),
        "tanh",
        "cross_entropy",
        {"seed": 111, "samples": 1},
    ),
    ("relu-regression", "ReLU, then identity", (3, 6, 2), "relu", "squared", {"seed": 112, "samples": 5}),
    ("relu-multiclass", "ReLU, softmax", (5, 7, 4, 3), "relu", "cross_entropy", {"seed": 113, "samples": 4}),
    ("relu-one-sample", "One sample through ReLU", (4, 6, 5, 2), "relu", "squared", {"seed": 114, "samples": 1}),
    ("leaky-relu-regression", "Leaky slope 1/4", (3, 5, 2), LEAKY, "squared", {"seed": 115, "samples": 3}),
    ("leaky-relu-binary", "Leaky slope 1/4, log loss", (4, 3, 5, 2), LEAKY, "log", {"seed": 116, "samples": 1}),
    ("elu-regression", "ELU with alpha 1.5", (3, 5, 2), ELU, "squared", {"seed": 117, "samples": 3}),
    ("elu-multiclass", "ELU with alpha 1.5, softmax", (2, 6, 4), ELU, "cross_entropy", {"seed": 118, "samples": 1}),
    ("softplus-regression", "Softplus", (3, 4, 2), "softplus", "squared", {"seed": 119}),
    ("softplus-binary", "Softplus, log loss", (2, 4, 3, 1), "softplus", "log", {"seed": 120, "samples": 1}),
    ("gelu-regression", "GELU by the normal distribution", (3, 5, 2), "gelu", "squared", {"seed": 121}),
    ("gelu-tanh-multiclass", "GELU by tanh", (3, 6, 3), GELU_TANH, "cross_entropy", {"seed": 122, "samples": 3}),
    (
        "identity-deep",
        "A deep linear network, by batches of 2 and 1",
        (3, 4, 2, 5, 2),
        "identity",
        "squared",
        {"seed": 123, "samples": 3, "batches": ((2, 0), (1,)), "learning_rate": 0.0625},
    ),
    (
        "sigmoid-output-squared",
        "Squared loss on sigmoid outputs",
        (3, 4, 2),
        "tanh",
        "squared",
        {"seed": 124, "output": "sigmoid"},
    ),
    (
        "tanh-output-squared",
        "Squared loss on tanh outputs",
        (2, 3, 3),
        "sigmoid",
        "squared",
        {"seed": 125, "output": "tanh", "samples": 1},
    ),
    (
        "relu-output-squared",
        "Squared loss on ReLU outputs",
        (3, 4, 3),
        "tanh",
        "squared",
        {"seed": 126, "output": "relu"},
    ),
    (
        "softplus-output-squared",
        "Squared loss on softplus outputs",
        (2, 4, 2),
        "relu",
        "squared",
        {"seed": 127, "output": "softplus"},
    ),
    (
        "softmax-output-squared",
        "Squared loss through the softmax Jacobian",
        (3, 4, 3),
        "tanh",
        "squared",
        {"seed": 128, "output": "softmax"},
    ),
    (
        "several-logistic-outputs",
        "Log loss summed over outputs",
        (4, 6, 3),
        "sigmoid",
        "log",
        {"seed": 129, "samples": 5},
    ),
    ("soft-labels-log", "Labels between 0 and 1", (3, 4, 2), "tanh", "log", {"seed": 130, "soft_labels": True}),
    (
        "soft-labels-cross-entropy",
        "Labels that share two classes",
        (3, 4, 5),
        "tanh",
        "cross_entropy",
        {"seed": 131, "soft_labels": True, "samples": 5},
    ),
    (
        "mixed-activations",
        "Another activation in every layer",
        (3, 5, 4, 6, 3, 2),
        ("tanh", "relu", "sigmoid", "softplus"),
        "squared",
        {"seed": 132, "samples": 3},
    ),
    (
        "mixed-kinks",
        "Kinked beside smooth layers",
        (4, 3, 6, 5, 3),
        (ELU, "gelu", LEAKY),
        "cross_entropy",
        {"seed": 133, "samples": 2},
    ),
    (
        "deep-sigmoid",
        "Eight layers of sigmoids",
        (3, 4, 3, 5, 4, 3, 4, 3, 1),
        "sigmoid",
        "log",
        {"seed": 134, "samples": 2, "weight_scale": 3.0},
    ),
    (
        "deep-tanh",
        "Eight layers of tanh",
        (2, 3, 4, 3, 2, 4, 3, 3, 2),
        "tanh",
        "squared",
        {"seed": 135, "samples": 3, "weight_scale": 1.5},
    ),
    (
        "deep-relu",
        "Six layers of ReLU",
        (4, 8, 7, 6, 8, 5, 2),
        "relu",
        "squared",
        {"seed": 136, "samples": 3, "weight_scale": 1.5},
    ),
    (
        "wide-tanh",
        "64 neurons wide",
        (17, 64, 5),
        "tanh",
        "cross_entropy",
        {"seed": 137, "samples": 8, "learning_rate": 0.015625},
    ),
    (
        "wide-relu",
        "Two wide hidden layers",
        (9, 64, 33, 3),
        "relu",
        "squared",
        {"seed": 437, "samples": 6, "learning_rate": 0.0078125},
    ),
    ("wide-input", "64 inputs to few neurons", (64, 3, 2), "sigmoid", "log", {"seed": 139, "samples": 7}),
    ("no-biases", "No biases anywhere", (3, 5, 2), "tanh", "squared", {"seed": 140, "biases": False}),
    (
        "some-biases",
        "Biases in the first layer only",
        (3, 4, 3, 2),
        "sigmoid",
        "cross_entropy",
        {"seed": 141, "biases": (True, False, False)},
    ),
    (
        "masked",
        "Two edges in three exist",
        (5, 6, 4, 2),
        "tanh",
        "squared",
        {"seed": 142, "density": 0.6, "samples": 3},
    ),
    (
        "masked-no-biases",
        "Sparse and without biases",
        (4, 7, 3),
        "sigmoid",
        "log",
        {"seed": 143, "density": 0.5, "biases": False},
    ),
    (
        "saturated-sigmoid",
        "Hidden sigmoids at both ends",
        (3, 4, 2),
        "sigmoid",
        "squared",
        {"seed": 144, "weight_scale": 12.0, "input_scale": 2.0},
    ),
    (
        "saturated-tanh",
        "Hidden tanh at both ends",
        (3, 4, 2),
        "tanh",
        "squared",
        {"seed": 145, "weight_scale": 6.0, "input_scale": 2.0},
    ),
    (
        "saturated-log",
        "Outputs next to 0 and 1, right and wrong",
        (2, 3, 2),
        "tanh",
        "log",
        {"seed": 146, "weight_scale": 40.0, "samples": 6},
    ),
    (
        "large-logits",
        "Softmax of net inputs in the hundreds",
        (3, 4, 3),
        "relu",
        "cross_entropy",
        {"seed": 147, "weight_scale": 30.0, "samples": 6},
    ),
    (
        "huge-logits",
        "Softmax of net inputs whose exponentials overflow in either dtype",
        (3, 4, 3),
        "relu",
        "cross_entropy",
        {"seed": 159, "weight_scale": 160.0, "samples": 5},
    ),
    (
        "negative-gelu",
        "GELU far below 0",
        (3, 5, 2),
        "gelu",
        "squared",
        {"seed": 148, "bias_shift": -3.5, "weight_scale": 2.0},
    ),
    ("negative-elu", "ELU far below 0", (3, 5, 2), ELU, "squared", {"seed": 149, "bias_shift": -4.0}),
    ("negative-softplus", "Softplus far below 0", (3, 5, 2), "softplus", "squared", {"seed": 150, "bias_shift": -6.0}),
    (
        "large-softplus",
        "Softplus where it is nearly the identity, far above 0",
        (3, 5, 2),
        "softplus",
        "squared",
        {"seed": 160, "bias_shift": 24.0, "weight_scale": 4.0, "learning_rate": 2.0**-14},
    ),
    (
        "big-weights",
        "Weights in the hundreds",
        (3, 4, 2),
        LEAKY,
        "squared",
        {"seed": 151, "weight_scale": 200.0, "learning_rate": 2.0**-30},
    ),
    (
        "tiny-weights",
        "Weights of 1e-6",
        (3, 4, 2),
        "tanh",
        "squared",
        {"seed": 152, "weight_scale": 1e-6, "bias_scale": 1e-6, "learning_rate": 0.9},
    ),
    (
        "small-rate",
        "alpha = 1e-3",
        (3, 5, 2),
        "sigmoid",
        "squared",
        {"seed": 153, "learning_rate": 1e-3, "input_scale": 4.0, "weight_scale": 0.5},
    ),
    ("large-rate", "alpha = 0.9", (3, 4, 3), "tanh", "cross_entropy", {"seed": 154, "learning_rate": 0.9}),
    (
        "batch-descent",
        "Three epochs of batch gradient descent",
        (3, 4, 2),
        "tanh",
        "squared",
        {"seed": 155, "samples": 5, "batches": ((0, 1, 2, 3, 4),) * 3, "learning_rate": 0.0625},
    ),
    (
        "stochastic-descent",
        "One update a sample, in a given order",
        (2, 4, 1),
        "sigmoid",
        "log",
        {"seed": 156, "samples": 4, "batches": ((2,), (0,), (3,), (1,)), "learning_rate": 0.5},
    ),
    (
        "mini-batch-descent",
        "Mini-batches of 3 with a last one of 1",
        (3, 5, 3),
        "relu",
        "cross_entropy",
        {"seed": 157, "samples": 7, "batches": ((4, 1, 6), (0, 5, 2), (3,)), "learning_rate": 0.25},
    ),
    (
        "mini-batch-regression",
        "Two epochs of mini-batches of 4 and 2",
        (2, 5, 2),
        "tanh",
        "squared",
        {"seed": 158, "samples": 6, "batches": ((5, 0, 3, 1), (2, 4), (1, 2, 5, 4), (0, 3)), "learning_rate": 0.0625},
    ),
)


def _relu_exact_zero() -> Case:
    """Return a dyadic case whose second hidden neuron has a net input of exactly 0 in every sample."""
    half = np.array([[0.5, -0.25], [1.0, 2.0], [-0.75, 0.5]])
    return Case(
        slug="relu-exact-zero",
        title="A ReLU at exactly 0: f'(0) is a convention",
        layers=(
            Layer(half, np.array([0.25, 0.0, 0.125]), activation("relu")),
            Layer(np.array([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]]), np.array([0.0, 0.5]), activation("identity")),
        ),
        x=np.array([[1.0, -0.5], [-2.0, 1.0], [0.5, -0.25]]),
        y=np.array([[0.25, 0.5], [-0.5, 1.0], [1.0, -0.25]]),
        loss="squared",
        learning_rate=0.25,
        batches=((0, 1, 2),),
        flags=("exact-zero",),
    )


def _zero_error() -> Case:
    """Return a dyadic linear case whose outputs equal the labels: every delta and every change is exactly 0."""
    first, second = np.array([[0.5, -1.0, 0.25], [2.0, 0.75, -0.5]]), np.array([[1.0, -0.5], [0.25, 2.0]])
    x = np.array([[1.0, 0.5, -2.0], [0.25, -1.0, 4.0], [-0.5, 0.0, 1.0]])
    biases = np.array([0.5, -0.25])
    return Case(
        slug="zero-error",
        title="Outputs equal to the labels: nothing may change",
        layers=(Layer(first, biases, activation("identity")), Layer(second, None, activation("identity"))),
        x=x,
        y=(x @ first.T + biases) @ second.T,
        loss="squared",
        learning_rate=0.5,
        batches=((0, 1, 2),),
        flags=("zero-error",),
    )


def _zero_error_relu() -> Case:
    """Return a dyadic ReLU case whose outputs equal the labels, with neurons at work and at rest in every sample."""
    first = np.array([[0.5, -1.0], [2.0, 0.75], [-0.5, 0.25], [1.0, -2.0]])
    second = np.array([[1.0, -0.5, 0.25, 2.0], [0.25, 2.0, -1.0, 0.5]])
    x = np.array([[1.0, 0.5], [0.25, -1.0], [-0.5, 0.75]])
    biases, at_output = np.array([0.25, -0.25, 0.5, 0.125]), np.array([0.5, -1.0])
    return Case(
        slug="zero-error-relu",
        title="Outputs equal to the labels behind ReLU: nothing may change",
        layers=(Layer(first, biases, activation("relu")), Layer(second, at_output, activation("identity"))),
        x=x,
        y=np.maximum(x @ first.T + biases, 0) @ second.T + at_output,
        loss="squared",
        learning_rate=0.25,
        batches=((0, 1, 2),),
        flags=("zero-error",),
    )


@cache
def _float64_cases() -> tuple[Case, ...]:
    generated = [
        build_case(slug, title, widths, hidden, loss, **options) for slug, title, widths, hidden, loss, options in TABLE
    ]
    cases = [worked_example(), *generated, with_numeric_flags(_relu_exact_zero()), _zero_error(), _zero_error_relu()]
    return (cases[0], *sorted(cases[1:], key=lambda case: (case.size, case.slug)))


@cache
def all_cases(dtype: str | None = None) -> tuple[Case, ...]:
    """Return the catalogue, smallest case first, in one dtype or (None) in float64 and float32."""
    chosen = DTYPES if dtype is None else (dtype,)
    return tuple(case.as_dtype(kind) for kind in chosen for case in _float64_cases())


def get_case(slug: str, dtype: str = "float64") -> Case:
    """Return the case with this slug. Raises UsageError, naming the slugs that come near."""
    if slug in LARGE:
        return large_case(slug, dtype)
    every = (*all_cases(dtype), *narrow_cases(dtype))
    for case in every:
        if case.slug == slug:
            return case
    slugs = [*(case.slug for case in every), *LARGE]
    near = get_close_matches(slug, slugs, n=3)
    msg = f"no case {slug!r}; {'nearest: ' + ', '.join(near) if near else 'none is near'} (backproof list cases)"
    raise UsageError(msg)
