"""Generated families: descent in given orders, longer training, shapes from one neuron to deep and wide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from backproof.catalogue.build import build_case
from backproof.vectors.entry import Entry, coarse
from backproof_spec import activation

BITS = 8
ELU = activation("elu", alpha=1.5)

# family, what, title, widths, hidden activation(s), loss, options
TABLE: tuple[tuple[str, str, str, tuple[int, ...], Any, str, dict[str, Any]], ...] = (
    ("descent", "batch-tanh", "Batch descent, three epochs", (2, 3, 1), "tanh", "squared",
     {"seed": 601, "samples": 5, "batches": ((0, 1, 2, 3, 4),) * 3, "learning_rate": 0.0625}),
    ("descent", "batch-permuted", "Batch descent whose batches are permuted", (3, 3, 2), "sigmoid", "log",
     {"seed": 602, "samples": 4, "batches": ((2, 0, 3, 1), (3, 1, 0, 2)), "learning_rate": 0.25}),
    ("descent", "batch-softmax", "Batch descent, softmax", (3, 4, 3), "relu", "cross_entropy",
     {"seed": 603, "samples": 6, "batches": ((0, 1, 2, 3, 4, 5),) * 2, "learning_rate": 0.125}),
    ("descent", "stochastic-given-order", "One sample an update, in a given order", (2, 3, 2), "tanh", "squared",
     {"seed": 604, "samples": 4, "batches": ((3,), (1,), (0,), (2,)), "learning_rate": 0.0625}),
    ("descent", "stochastic-two-epochs", "Two epochs in different orders", (3, 4, 1), "sigmoid", "log",
     {"seed": 605, "samples": 3, "batches": ((2,), (0,), (1,), (0,), (1,), (2,)), "learning_rate": 0.25}),
    ("descent", "stochastic-repeated-sample", "The same sample twice in a row", (2, 4, 3), "relu", "cross_entropy",
     {"seed": 606, "samples": 3, "batches": ((1,), (1,), (0,)), "learning_rate": 0.25}),
    ("descent", "mini-batches-even", "Mini-batches of 2", (3, 4, 2), "tanh", "squared",
     {"seed": 607, "samples": 6, "batches": ((4, 0), (2, 5), (1, 3)), "learning_rate": 0.0625}),
    ("descent", "mini-batches-last-of-one", "Mini-batches of 3, the last of 1", (2, 5, 1), "sigmoid", "log",
     {"seed": 608, "samples": 7, "batches": ((6, 2, 0), (5, 1, 3), (4,)), "learning_rate": 0.25}),
    ("descent", "mini-batches-last-of-two", "Mini-batches of 3, the last of 2", (3, 4, 3), "softplus", "cross_entropy",
     {"seed": 609, "samples": 5, "batches": ((3, 0, 4), (2, 1)), "learning_rate": 0.25}),
    ("descent", "mini-batches-small-first", "The small batch comes first", (2, 3, 2), ELU, "squared",
     {"seed": 610, "samples": 5, "batches": ((4,), (0, 3), (2, 1)), "learning_rate": 0.0625}),
    ("descent", "mini-batches-masked", "Mini-batches in a sparse network", (4, 5, 2), "tanh", "squared",
     {"seed": 611, "samples": 5, "batches": ((0, 4, 2), (3, 1)), "density": 0.6, "learning_rate": 0.0625}),
    ("training", "sigmoid-8-updates", "Eight updates of sigmoids", (2, 3, 1), "sigmoid", "log",
     {"seed": 621, "samples": 4, "batches": ((0, 1, 2, 3),) * 8, "learning_rate": 0.25}),
    ("training", "tanh-10-updates", "Ten updates of tanh", (2, 4, 2), "tanh", "squared",
     {"seed": 622, "samples": 5, "batches": ((0, 3), (1, 4), (2,), (4, 0), (3, 2)) * 2, "learning_rate": 0.03125}),
    ("training", "softmax-6-updates", "Six updates under a softmax", (3, 4, 3), "tanh", "cross_entropy",
     {"seed": 623, "samples": 6, "batches": ((0, 1, 2), (3, 4, 5)) * 3, "learning_rate": 0.125}),
    ("training", "linear-12-updates", "Twelve updates of a linear layer", (3, 2), (), "squared",
     {"seed": 624, "samples": 3, "batches": ((0,), (1,), (2,)) * 4, "learning_rate": 0.03125}),
    ("training", "logistic-16-updates", "Sixteen updates of logistic regression", (2, 1), (), "log",
     {"seed": 625, "samples": 4, "batches": ((0, 1), (2, 3)) * 8, "learning_rate": 0.25}),
    ("training", "deep-4-updates", "Four updates of a deep network", (2, 3, 3, 3, 1), "tanh", "squared",
     {"seed": 626, "samples": 3, "batches": ((0, 1, 2),) * 4, "learning_rate": 0.03125}),
    ("shape", "deep-12-tanh", "Twelve layers of tanh", (2,) + (3,) * 11 + (1,), "tanh", "squared",
     {"seed": 641, "samples": 2, "weight_scale": 1.5}),
    ("shape", "deep-10-sigmoid", "Ten layers of sigmoids", (2,) + (2,) * 9 + (1,), "sigmoid", "log",
     {"seed": 642, "samples": 2, "weight_scale": 3.0}),
    ("shape", "deep-9-relu", "Nine layers of ReLU", (3,) + (6,) * 8 + (2,), "relu", "squared",
     {"seed": 648, "samples": 2, "weight_scale": 1.5}),
    ("shape", "wide-input", "128 inputs to two neurons", (128, 2, 1), "tanh", "log", {"seed": 644, "samples": 3}),
    ("shape", "wide-hidden", "One input, 96 neurons, one output", (1, 96, 1), "tanh", "squared",
     {"seed": 645, "samples": 3, "learning_rate": 0.015625}),
    ("shape", "wide-output", "64 outputs", (2, 3, 64), "sigmoid", "squared",
     {"seed": 646, "samples": 2, "learning_rate": 0.015625}),
    ("shape", "many-classes", "50 classes", (3, 4, 50), "relu", "cross_entropy", {"seed": 647, "samples": 4}),
    ("shape", "bottleneck", "Through a single neuron", (5, 4, 1, 4, 3), "tanh", "squared", {"seed": 649, "samples": 3}),
    ("shape", "growing", "Each layer wider than the last", (1, 2, 4, 8, 16), "sigmoid", "squared",
     {"seed": 650, "samples": 2, "learning_rate": 0.0625}),
    ("shape", "many-samples", "A batch of 100", (2, 3, 1), "sigmoid", "log",
     {"seed": 651, "samples": 100, "learning_rate": 0.015625}),
    ("shape", "square", "Square everywhere, where a transposed matrix fits", (3, 3, 3), "tanh", "squared",
     {"seed": 652, "samples": 3}),
)  # fmt: skip


def entries() -> Iterator[Entry]:
    """Yield the generated entries, their numbers rounded to multiples of 2^-8."""
    for family, what, title, widths, hidden, loss, options in TABLE:
        case = build_case(f"{family}-{what}", title, widths, hidden, loss, **options)
        if case.mode != "M1":
            case = replace(case, flags=(*case.flags, "given-order"))
        yield Entry(case=coarse(case, BITS), family=family, seed=options["seed"])
