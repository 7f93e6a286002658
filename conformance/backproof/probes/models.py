"""The tolerance models that a probe needs: of the subject, and of the float64 reference that judges it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backproof.case import Case
from backproof.probes.sources import Array
from backproof.tolerance import Tolerance

Bound = Callable[[Tolerance], Array]


@dataclass(frozen=True, slots=True)
class Models:
    """The subject's worst case and what it is expected to stay within, and the same of a reference in float64.

    scaled: the error carries a factor (a mean, a half); delta, gradient: that factor, as deltas and gradients carry it.
    """

    worst: Tolerance
    expected: Tolerance
    own_worst: Tolerance
    own_expected: Tolerance
    scaled: bool
    delta: float
    gradient: float
    error: float

    @classmethod
    def of(cls, case: Case) -> Models:
        """Return the models of a case."""
        conventions, batch = case.conventions, len(case.batches[0])
        error = float(conventions.error_scale(case.loss, case.widths[-1], batch))
        return cls(
            worst=Tolerance(case.dtype, conventions.precision),
            expected=Tolerance(case.dtype, conventions.precision, expected=True),
            own_worst=Tolerance("float64"),
            own_expected=Tolerance("float64", expected=True),
            scaled=error != 1,
            delta=float(conventions.delta_scale(case.loss, case.widths[-1], batch)),
            gradient=float(conventions.gradient_scale(batch)),
            error=error,
        )

    def part(self, terms: int, absolute: Array) -> Array:
        """Return a part of both bounds of a product with so many terms, given |W||a| or some of it, rounded down."""
        factor = float(min(self.bounds(lambda model: model.product(terms, np.ones(())))))
        found = absolute * (factor / (1 + self.own_worst.gamma(2 * terms)))
        found += self.worst.smallest
        return found

    def bounds(self, bound: Bound, own: Bound | None = None) -> tuple[Array, Array]:
        """Return (expected, worst) of one formula; the reference's own error, by default the same formula, is added."""
        own = bound if own is None else own
        return bound(self.expected) + own(self.own_expected), bound(self.worst) + own(self.own_worst)
