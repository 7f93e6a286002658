"""Comparisons that stream: blocks of values against references, and one finding at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backproof.case import Case
from backproof.judge.findings import Finding, Judged, Status
from backproof.probes.sources import Array
from backproof.tolerance import RESOLUTION


@dataclass(slots=True)
class Tally:
    """One check in the making: the clause, the quantity, and the worst element so far.

    how: what was compared, for the account; a pass is error <= bound, at every element, and NaN never passes.
    """

    clause: str
    quantity: str
    layer: int
    how: str
    status: Status = Status.PASSED
    ratio: float = 0.0
    index: tuple[int, ...] = ()
    got: float | None = None
    expected: float | None = None
    tolerance: float | None = None
    resolution: float = float("inf")
    count: int = 0

    def add(
        self, values: Array, reference: Array, bound: Array, worst: Array | None = None, at: Array | None = None
    ) -> None:
        """Compare a block: bound is what needs no remark, above worst it deviates (None: above bound).

        A bound that is not finite lets nothing pass.
        at: the index of each row of the block (first dimension), or more of them each; None: from 0.
        """
        if not values.size:
            return
        worst = np.broadcast_to(bound if worst is None else worst, values.shape)
        worst = np.where(np.isfinite(worst), worst, np.nan)
        bound = np.minimum(bound, worst)
        with np.errstate(all="ignore"):
            error = np.abs(values - reference)
            passed, allowed = error <= bound, error <= worst
            ratio = np.where(error == 0, 0.0, error / bound)
            ratio[np.isnan(ratio)] = np.inf
            resolution = np.fmin.reduce((bound / np.abs(reference)).ravel(), initial=np.inf)
            self.resolution = min(self.resolution, float(resolution))
        self.count += values.size
        if not allowed.all():
            if self.status is not Status.DEVIATES:  # what deviates is told before what is merely remarkable
                self.status, self.ratio = Status.DEVIATES, 0.0
            ratio = np.where(allowed, 0.0, np.where(np.isfinite(error), error / worst, np.inf))
        elif not passed.all() and self.status is Status.PASSED:
            self.status = Status.REDUCED
        elif self.status is Status.DEVIATES:
            return
        place = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
        if ratio[place] > self.ratio or self.got is None:
            self.ratio = float(ratio[place])
            first = place[:1] if at is None else np.atleast_1d(at[place[0]])
            self.index = tuple(int(i) for i in (*first, *place[1:]))
            self.got, self.expected = float(values[place]), float(reference[place])
            self.tolerance = float((bound if allowed.all() else worst)[place])

    def quick(self, ratio: float, count: int, resolution: float = 0.0) -> None:
        """Record elements which each passed a bound below its own, at most at this ratio."""
        self.count += count
        self.ratio = max(self.ratio, ratio)
        self.resolution = min(self.resolution, resolution)

    def finding(self, case: Case) -> Finding:
        """Return the finding: vacuous where nothing that passed could have failed."""
        vacuous = self.status is Status.PASSED and self.resolution > RESOLUTION
        return Finding(
            clause=self.clause,
            quantity=self.quantity,
            case=case.slug,
            dtype=case.dtype,
            step=1,
            layer=self.layer,
            judged=Judged.PROBE,
            status=Status.VACUOUS if vacuous else self.status,
            source=self.how,
            index=self.index,
            got=self.got,
            expected=self.expected,
            tolerance=self.tolerance,
            ratio=self.ratio,
            resolution=self.resolution,
            carries=("E3",) if self.quantity == "loss" and len(case.batches[0]) > 1 else (),
        )
