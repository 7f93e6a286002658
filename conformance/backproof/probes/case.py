"""A large case: what a case is, with block sources in place of arrays, so that nothing of it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.conventions import Conventions
from backproof.errors import CaseError
from backproof.probes.sources import Array, Generated, OneHot, whole
from backproof_spec import Activation, Layer

MEDIUM = 10_000  # parameters: from here on balls take long, and float64 takes their place, with its own roundings
LARGE = 1_000_000  # parameters: from here on products are judged by random probes
OUTPUT = {"squared": "identity", "log": "sigmoid", "cross_entropy": "softmax"}


class LargeCase(Case):
    """One update of a network whose parameters, samples and labels come from the counter-based generator.

    widths: n_0, ..., n_L; hidden: the activation of the hidden layers; samples: the batch of its one update.
    """

    __slots__ = ()

    def __init__(
        self,
        slug: str,
        widths: Sequence[int],
        *,
        samples: int,
        hidden: Activation,
        loss: str = "cross_entropy",
        learning_rate: float = 0.125,
        dtype: str = "float32",
        seed: int = 1,
        title: str = "",
        conventions: Conventions | None = None,
    ) -> None:
        if len(widths) < 2 or min(widths) < 1 or samples < 1:  # noqa: PLR2004 - one layer has two widths
            msg = f"case {slug!r}: widths must be two or more positive numbers and samples positive, not {widths}"
            raise CaseError(msg)
        if loss not in OUTPUT:
            msg = f"case {slug!r}: loss must be one of {', '.join(OUTPUT)}, not {loss!r}"
            raise CaseError(msg)
        kind, depth = np.dtype(dtype), len(widths) - 1
        layers = []
        for number, (n_in, n_out) in enumerate(pairwise(widths), 1):
            scale = float(2.0 ** np.round(np.log2(1.5 / np.sqrt(n_in))))
            rule = hidden if number < depth else Activation(OUTPUT[loss])
            layers.append(
                Layer(
                    Generated((n_out, n_in), kind, seed, 2 * number, scale),
                    Generated((n_out,), kind, seed, 2 * number + 1, 0.5),
                    rule,
                )
            )
        x = Generated((samples, widths[0]), kind, seed, 0, 1.0)
        y: Any = Generated((samples, widths[-1]), kind, seed, 1, 1.0)
        if loss == "cross_entropy":
            y = OneHot((samples, widths[-1]), kind, seed, 1)
        if loss == "log":
            y = Rounded(y)
        flags = ["several-outputs"] if widths[-1] > 1 else []
        flags += ["several-hidden-layers"] if depth > 2 else []  # noqa: PLR2004 - two hidden layers and the output
        flags += ["no-hidden-layer"] if depth == 1 else ["other-output-activation"]
        given = {
            "slug": slug,
            "layers": tuple(layers),
            "x": x,
            "y": y,
            "loss": loss,
            "learning_rate": learning_rate,
            "batches": (tuple(range(samples)),),
            "dtype": dtype,
            "title": title,
            "conventions": conventions or Conventions(),
            "flags": tuple(sorted([*flags, "several-samples"] if samples > 1 else flags)),
            "widths": tuple(widths),
            "samples": samples,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def under(self, conventions: Conventions) -> Case:
        """Return the same case, carrying a subject's conventions."""
        if conventions == self.conventions:
            return self
        copy = object.__new__(LargeCase)
        for name in Case.__slots__:
            object.__setattr__(copy, name, getattr(self, name))
        object.__setattr__(copy, "conventions", conventions)
        return copy

    def for_subject(self, memory: str = "rows") -> Case:
        """Return a private, writable copy with arrays in place of sources, in the declared layout."""
        copy = object.__new__(Case)
        for name in Case.__slots__:
            object.__setattr__(copy, name, getattr(self, name))
        order: Any = "C" if memory == "rows" else "F"

        def turned(values: Any, *, turn: bool) -> Array:
            return np.asarray(whole(values).T if turn else whole(values), order=order)

        in_out, columns = self.conventions.weight_layout == "in_out", self.conventions.batch_axis == 1
        layers = tuple(
            Layer(turned(la.weights, turn=in_out), whole(la.biases), la.activation, None) for la in self.layers
        )
        object.__setattr__(copy, "layers", layers)
        object.__setattr__(copy, "batches", tuple(list(batch) for batch in self.batches))
        object.__setattr__(copy, "x", turned(self.x, turn=columns))
        object.__setattr__(copy, "y", turned(self.y, turn=columns))
        return copy


class Rounded:
    """The labels 0 and 1 by the sign of what another source gives."""

    def __init__(self, source: Generated) -> None:
        self.source, self.shape, self.dtype = source, source.shape, source.dtype

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def rows(self, start: int, stop: int) -> Array:
        """Return rows start to stop - 1."""
        return (self.source.rows(start, stop) > 0).astype(self.dtype)


def is_large(case: Case) -> bool:
    """Return whether a case is judged in float64: one update, no masks, ten thousand parameters or more."""
    plain = len(case.batches) == 1 and all(layer.mask is None for layer in case.layers)
    return isinstance(case, LargeCase) or (plain and case.size >= MEDIUM)
