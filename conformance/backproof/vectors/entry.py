"""An entry: one case that becomes a vector, with what the file says beside the numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.conventions import Conventions
from backproof.walk import Key

AT_KINK = Conventions(kink="left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A case, the family and seed it comes from, and what of its results the vector holds.

    only: the (quantity, layer) that are expected, None for all; exact: every intermediate is a float32, so that any
    correct program must give the values to the bit; by_hand: the one line of arithmetic behind a one-equation vector;
    informative: function values beyond what a verdict may rest on; printed: numbers as someone printed them.
    """

    case: Case
    family: str
    seed: int | None = None
    only: frozenset[Key] | None = None
    exact: bool = False
    by_hand: str = ""
    informative: tuple[dict[str, Any], ...] = ()
    printed: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put the case under the conventions of all vectors: the article's, f'(0) = f'(0-)."""
        object.__setattr__(self, "case", self.case.as_dtype("float64").under(AT_KINK))

    @property
    def slug(self) -> str:
        """The permanent name."""
        return self.case.slug

    @property
    def clauses(self) -> tuple[str, ...]:
        """The observed clauses that the expected values hold a program to."""
        found = self.case.clauses
        if self.only is None:
            return found
        kept: set[str] = set()
        for quantity, layer in self.only:
            kept |= set(self._behind(quantity, layer))
        return tuple(clause for clause in found if clause in kept)

    def expects(self, key: Key) -> bool:
        """Whether the vector holds the values of this (quantity, layer)."""
        return self.only is None or key in self.only

    def _behind(self, quantity: str, layer: int) -> tuple[str, ...]:
        case = self.case
        if quantity == "deltas":
            return ("E22",) if layer == case.depth else ("E17",)
        if quantity == "activations":
            return ("E18",) if case.layers[layer - 1].activation.name == "sigmoid" else ("E1",)
        if quantity in ("weights", "biases"):
            return ("E26", case.mode) if len(case.batches) > 1 else ("E26",)
        several = any(len(batch) > 1 for batch in case.batches)
        losses = (("E3",) if several else ()) + (case.loss_rule.clause,)
        return {"net_inputs": ("E1",), "loss": losses}.get(quantity, ("E11",))


def coarse(case: Case, bits: int) -> Case:
    """Return a case whose weights, biases, x and (squared loss) y are rounded to multiples of 2^-bits.

    Short decimals, exact in float32 as well.
    """

    def rounded(values: Array) -> Array:
        return np.asarray(np.round(values * 2.0**bits) / 2.0**bits + 0.0)

    layers = tuple(
        replace(layer, weights=rounded(layer.weights), biases=None if layer.biases is None else rounded(layer.biases))
        for layer in case.layers
    )
    y = rounded(case.y) if case.loss == "squared" else case.y
    return replace(case, layers=layers, x=rounded(case.x), y=y)
