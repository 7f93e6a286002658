"""The loss of outputs that are known within bounds: the smallest and the largest J for o +- bound(o).

So an output of exactly 1 with the label 0 takes any loss above -log(bound): what was rounded away cannot be told.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from backproof.balls import Array, ball, balls
from backproof_spec import Loss

UNKNOWN = arb(0) / 0

_mid = np.frompyfunc(lambda b: b.mid(), 1, 1)
_at_least_zero = np.frompyfunc(lambda b: max(b, ball(0), key=float), 1, 1)
_at_most_one = np.frompyfunc(lambda b: min(b, ball(1), key=float), 1, 1)


def loss_interval(loss: Loss, labels: Array, outputs: Array, span: Array) -> tuple[Array, Array]:
    """Return the smallest and largest loss of each output (batch, k), balls; the largest is not finite if unlimited.

    labels: float64 (batch, k); outputs: balls (batch, k); span: how far an output may be from the middle of its ball.
    Every loss is convex in o with its minimum at o = y (squared, log) or falls with o (cross-entropy), so the
    interval's ends, and o = y where it lies inside, decide. No loss is below 0, whatever is known of o.
    """
    y, center, width = (values.reshape(-1, 1) for values in (balls(labels), _mid(outputs), balls(span)))
    low, high = center - width, center + width
    if loss.output_activation is not None:  # outputs between 0 and 1
        low, high = _at_least_zero(low), _at_most_one(high)
    at_low, at_high, at_label = (loss(y, output) for output in (low, high, y))
    columns = (y[:, 0], low[:, 0], high[:, 0], at_low, at_high, at_label)
    ends = np.array([_ends(loss, *one) for one in zip(*columns, strict=True)], dtype=object)
    return ends[:, 0].reshape(outputs.shape), ends[:, 1].reshape(outputs.shape)


def _ends(loss: Loss, y: arb, low: arb, high: arb, at_low: arb, at_high: arb, at_label: arb) -> tuple[arb, arb]:
    """Return the smallest and the largest of the losses at both ends, and at the label where it lies between."""
    values = [value for value in (at_low, at_high) if value.is_finite()]
    inside = loss.name != "cross_entropy" and bool(low <= y) and bool(y <= high)
    candidates = [*values, at_label] if inside else values
    both = len(values) == 2  # noqa: PLR2004 - both ends are finite
    return min(candidates, key=float, default=ball(0)), max(candidates, key=float) if both else UNKNOWN
