"""The loss of outputs that are known within bounds: the smallest and the largest J for o +- bound(o).

So an output of exactly 1 with the label 0 takes any loss above -log(bound): what was rounded away cannot be told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb

from backproof.balls import Array, ball, balls
from backproof_spec import Loss

UNKNOWN = arb(0) / 0


def loss_interval(loss: Loss, labels: Array, outputs: Array, span: Array) -> tuple[Array, Array]:
    """Return the smallest and largest loss of each output (batch, k), balls; the largest is not finite if unlimited.

    labels: float64 (batch, k); outputs: balls (batch, k); span: how far an output may be from the middle of its ball.
    Every loss is convex in o with its minimum at o = y (squared, log) or falls with o (cross-entropy), so the
    interval's ends, and o = y where it lies inside, decide. No loss is below 0, whatever is known of o.
    """
    lowest, highest = balls(np.zeros(outputs.shape)), balls(np.zeros(outputs.shape))
    for index in np.ndindex(outputs.shape):
        middle: Any = outputs[index]
        lowest[index], highest[index] = _ends(loss, float(labels[index]), middle.mid(), ball(float(span[index])))
    return lowest, highest


def _ends(loss: Loss, label: float, center: arb, width: arb) -> tuple[arb, arb]:
    y = ball(label)

    def single(output: arb) -> Any:
        return loss(np.array([[y]], dtype=object), np.array([[output]], dtype=object))[0]

    low, high = center - width, center + width
    if loss.output_activation is not None:  # outputs between 0 and 1
        low, high = max(low, ball(0), key=float), min(high, ball(1), key=float)
    values = [value for value in (single(low), single(high)) if value.is_finite()]
    inside = loss.name != "cross_entropy" and bool(low <= y) and bool(y <= high)
    candidates = [*values, single(y)] if inside else values
    both = len(values) == 2  # noqa: PLR2004 - both ends are finite
    return min(candidates, key=_place, default=ball(0)), max(candidates, key=_place) if both else UNKNOWN


def _place(value: arb) -> float:
    return float(value.mid())
