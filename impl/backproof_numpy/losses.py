"""The loss functions J with their output deltas, as in-place array programs.

To add one is to add one entry here.

Symbols: y labels, o = a^L outputs, z = z^L net inputs of the outputs, all (batch, k); E the loss of
the whole batch:

    E = loss_factor * sum of J over samples and outputs,
        divided by the batch size under reduction="mean", by k under output_reduction="mean".

Each entry is a function of an `OutputSite`. It returns a function of y that writes delta^L =
dE/dz^L into the site's delta and returns E, and allocates nothing. Columns and rows are spread into
a buffer before they meet a matrix, because NumPy's own broadcasting allocates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy import add, copysign, divide, exp, log, log1p, maximum, multiply, subtract

from backproof_numpy.arrays import FloatArray
from backproof_numpy.kernels import Kernel, Site

Scalar: TypeAlias = "np.floating[Any]"
Evaluate: TypeAlias = Callable[[FloatArray], Scalar]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OutputSite:
    """The output layer's buffers and kernel, and what a sum over the batch is divided by."""

    site: Site
    kernel: Kernel
    divisor: float

    def scaler(self, divisor: float) -> Callable[[], None]:
        """Return a function that divides delta by the divisor (no rounding when it is 1)."""
        delta, constant = self.site.delta, self.site.constant(divisor)

        def divide_delta() -> None:
            divide(delta, constant, delta)

        def leave_delta() -> None:
            pass

        return leave_delta if divisor == 1 else divide_delta


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """One loss: its function, the output activation it needs, the rule for its labels.

    `outputs` is None where any activation will do; the rules are those of `screening`.
    """

    build: Callable[[OutputSite], Evaluate]
    outputs: str | None
    labels: str


def squared(output: OutputSite) -> Evaluate:
    """J = (y - o)^2 (E4); delta = f'(z) * 2 (o - y), softmax in full (E22, E23)."""
    o, delta = output.site.activation, output.site.delta
    residuals = delta.reshape(-1)
    divisor = o.dtype.type(output.divisor)
    scale = output.scaler(output.divisor / 2)
    apply_derivative = output.kernel.backward

    def evaluate(y: FloatArray) -> Scalar:
        subtract(o, y, delta)
        total = residuals.dot(residuals)
        scale()
        apply_derivative()
        return total / divisor

    return evaluate


def log_loss(output: OutputSite) -> Evaluate:
    """J = -y log o - (1 - y) log(1 - o) = max(z, 0) - z y + log1p(e^-|z|) (E5).

    delta = o - y (E24).
    """
    z, o, delta = output.site.net_input, output.site.activation, output.site.delta
    scratch, spare = output.site.scratch, output.site.spare
    ones, terms = np.ones(z.size, z.dtype), spare.reshape(-1)
    minus, zero = output.site.constant(-1), output.site.constant(0)
    divisor = z.dtype.type(output.divisor)
    scale = output.scaler(output.divisor)

    def evaluate(y: FloatArray) -> Scalar:
        maximum(z, zero, out=delta)
        multiply(z, y, spare)
        subtract(delta, spare, scratch)
        copysign(z, minus, delta)
        exp(delta, spare)
        log1p(spare, delta)
        add(scratch, delta, spare)
        total = terms.dot(ones)
        subtract(o, y, delta)
        scale()
        return total / divisor

    return evaluate


def cross_entropy(output: OutputSite) -> Evaluate:
    """J = -sum_i y_i log o_i = sum_i y_i (log sum_j e^(z_j - m) - (z_i - m)), m = max z (E6).

    delta = o - y (E25).
    """
    z, o, delta = output.site.net_input, output.site.activation, output.site.delta
    scratch, spare = output.site.scratch, output.site.spare
    row_max, row_sum = output.site.row_max, output.site.row_sum
    ones, terms = np.ones(z.size, z.dtype), scratch.reshape(-1)
    divisor = z.dtype.type(output.divisor)
    scale = output.scaler(output.divisor)

    def evaluate(y: FloatArray) -> Scalar:
        spare[...] = row_max
        subtract(z, spare, scratch)
        log(row_sum, row_sum)
        spare[...] = row_sum
        subtract(spare, scratch, scratch)
        multiply(scratch, y, scratch)
        total = terms.dot(ones)
        subtract(o, y, delta)
        scale()
        return total / divisor

    return evaluate


LOSSES = {
    "squared": Loss(build=squared, outputs=None, labels="finite"),
    "log": Loss(build=log_loss, outputs="sigmoid", labels="unit"),
    "cross_entropy": Loss(build=cross_entropy, outputs="softmax", labels="distribution"),
}
