"""The detection thresholds of a probe, from its values and bounds."""

from __future__ import annotations

import numpy as np

from backproof.probes.account import Sight
from backproof.probes.sources import Array


def sight(quantity: str, layer: int, values: Array, length: int, bound: Array, worst: Array) -> Sight:
    """Return the smallest relative errors that exceed `bound`.

    values: M R (rows, probes), sums of rows of `length` elements with random signs, so that the mean of their squares
    is the square of a row's norm; bound, worst: (rows, 1).
    """
    limit = np.broadcast_to(bound, values.shape)
    usual = np.sqrt(np.mean(values**2, axis=1) / length)
    with np.errstate(all="ignore"):
        return Sight(
            quantity=quantity,
            layer=layer,
            how="random probes",
            element=_median(limit[:, 0] / usual),
            row=_median((limit / np.abs(values)).min(axis=1)),
            matrix=float((limit / np.abs(values)).min()),
            worst=_median(worst / bound),
        )


def _median(values: Array) -> float:
    """Return the median, NaN where a value is; for few values np.median takes ten times as long."""
    ordered = np.sort(values, axis=None)
    middle = (float(ordered[(len(ordered) - 1) // 2]) + float(ordered[len(ordered) // 2])) / 2
    return middle if not np.isnan(ordered[-1]) else float("nan")
