"""B-own-loss: the gradient that a subject uses must be the gradient of the loss that it reports.

c_J = reported loss / E and c_g = gradient / grad E at the true values must be equal in every case, whatever the
declared conventions, so that no convention can hide it. Where they are not, the reported loss itself is differentiated
along a random direction, with three step sizes: a loss that differs from E by a constant is still right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backproof.balls import Array, middle, radius
from backproof.case import Case
from backproof.catalogue.generator import Numbers
from backproof.judge.findings import Finding, Judged, Status
from backproof.tolerance import RESOLUTION
from backproof.truth import Truth
from backproof.walk import Key

Values = Mapping[Key, Array]
LossAt = Callable[[Case], float | None]

STEP_SIZES = (2.0**-8, 2.0**-11, 2.0**-14)
DERIVATIVE_RESOLUTION = 1e-2


@dataclass(frozen=True, slots=True)
class Factors:
    """c_J and c_g of one case with their uncertainties; c_g is None where the gradient is no multiple of grad E."""

    loss: float
    loss_error: float
    gradient: float | None
    gradient_error: float

    @property
    def agree(self) -> bool:
        """Whether the two are equal within their uncertainties."""
        return self.gradient is not None and abs(self.loss - self.gradient) <= self.loss_error + self.gradient_error

    @property
    def vacuous(self) -> bool:
        """Whether the uncertainties are too large for agreement to mean anything."""
        gradient = 0.0 if self.gradient is None else self.gradient
        return not self.loss_error + self.gradient_error <= RESOLUTION * max(abs(self.loss), abs(gradient))


def factors(case: Case, values: Values, truth: Truth) -> Factors | None:
    """Return c_J and c_g of a case, from what update 1 showed or let recover.

    None where either is not known, or where an exact zero at a kink leaves the gradient to a convention.
    """
    names = [("weight_gradients", n) for n in range(1, case.depth + 1)]
    names += [("bias_gradients", n) for n, layer in enumerate(case.layers, 1) if layer.biases is not None]
    if ("loss", 0) not in values or any(name not in values for name in names):
        return None
    expected = truth.steps[0]
    rows = len(case.batches[0])
    scale = float(case.conventions.error_scale(case.loss, case.widths[-1], rows))
    error = middle(expected["loss", 0].exact) / scale
    if not error > 0:
        return None
    wide = [radius(expected[name].exact) > RESOLUTION * np.abs(middle(expected[name].exact)) for name in names]
    if any(where.any() for where in wide):
        return None
    exact = np.concatenate([middle(expected[name].exact).ravel() / scale for name in names])
    worst = np.concatenate([expected[name].worst.ravel() / scale for name in names])
    given = np.concatenate([values[name].ravel() for name in names])
    square = float(exact @ exact)
    if not square > 0:
        return None
    factor = float(given @ exact) / square
    loss_factor = float(values["loss", 0] / error)
    unit = max(abs(factor), abs(loss_factor))
    spread = float(worst @ np.abs(exact)) / square * unit
    residual = np.abs(given - factor * exact)
    fits = bool((residual <= 2 * unit * worst + spread * np.abs(exact)).all())
    loss_error = float(expected["loss", 0].worst / scale / error) * abs(loss_factor)
    return Factors(loss_factor, loss_error, factor if fits else None, spread)


def judge_own_loss(
    case: Case, values: Values, truth: Truth, loss_at: LossAt, *, deviates: bool = False
) -> tuple[Finding, Factors] | None:
    """Judge B-own-loss on one case.

    truth: the case's exact values with the bounds around them; loss_at: runs the subject on another case and returns
    the loss it reports; deviates: something else than the loss deviates, so that its gradient cannot be that of the
    reported loss: a consequence. Returns None where the subject shows no loss, or no gradients that are known.
    """
    found = factors(case, values, truth)
    if found is None or case.conventions.loss_at != "before":
        return None
    tolerance, message = found.loss_error + found.gradient_error, ""
    gap = abs(found.loss - found.gradient) if found.gradient is not None else float("inf")
    ratio = gap / tolerance if tolerance else 0.0
    if found.vacuous:
        status, ratio = Status.VACUOUS, 0.0
    elif found.agree:
        status = Status.PASSED
    elif deviates:
        status = Status.DOWNSTREAM
    else:
        slope, slope_error, used = _derivative(case, values, loss_at)
        if slope is None or slope_error > DERIVATIVE_RESOLUTION * max(abs(used), abs(slope)):
            status = Status.DEVIATES if found.gradient is not None else Status.VACUOUS
        else:
            status = Status.PASSED if abs(slope - used) <= slope_error else Status.DEVIATES
            ratio = abs(slope - used) / slope_error if slope_error else float("inf")
        message = f"reported loss / E = {found.loss:.10g}, gradient / grad E = " + (
            "no constant" if found.gradient is None else f"{found.gradient:.10g}"
        )
        if slope is not None:
            message += (
                f"; along a random direction the reported loss changes by {slope:.8g}, the gradient says {used:.8g}"
            )
    finding = Finding(
        clause="B-own-loss",
        quantity="loss",
        case=case.slug,
        dtype=case.dtype,
        step=1,
        layer=0,
        judged=Judged.BEHAVIOUR,
        status=status,
        source="its own gradient",
        got=found.loss,
        expected=found.gradient,
        tolerance=tolerance,
        ratio=ratio,
        resolution=tolerance / abs(found.loss) if found.loss else None,
        message=message,
    )
    return finding, found


def _derivative(case: Case, values: Values, loss_at: LossAt) -> tuple[float | None, float, float]:
    """Return the central derivative of the reported loss along a direction, its error, and what the gradient says."""
    numbers = Numbers(len(case.slug))
    kind = np.dtype(case.dtype)
    directions = []
    used = 0.0
    for number, layer in enumerate(case.layers, 1):
        mask = 1.0 if layer.mask is None else layer.mask
        by_weight = np.sign(numbers.uniform(*layer.weights.shape)) * mask
        used += float((by_weight * values["weight_gradients", number]).sum())
        by_bias = None
        if layer.biases is not None:
            by_bias = np.sign(numbers.uniform(*layer.biases.shape))
            used += float((by_bias * values["bias_gradients", number]).sum())
        directions.append((by_weight, by_bias))

    def moved(step: float) -> float | None:
        parameters = [
            (
                (layer.weights + step * by_weight).astype(kind),
                None if by_bias is None else (layer.biases + step * by_bias).astype(kind),
            )
            for layer, (by_weight, by_bias) in zip(case.layers, directions, strict=True)
        ]
        return loss_at(case.with_parameters(parameters))

    slopes = []
    for step in STEP_SIZES:
        above, below = moved(step), moved(-step)
        if above is None or below is None:
            return None, 0.0, used
        slopes.append((above - below) / (2 * step))
    gaps = [abs(first - second) for first, second in pairwise(slopes)]
    best = int(np.argmin(gaps))
    rounding = float(np.finfo(kind).eps) * abs(float(values["loss", 0])) * 4 / STEP_SIZES[best + 1]
    return slopes[best + 1], 2 * gaps[best] + rounding, used


def explain_factors(pairs: list[tuple[Case, Factors]]) -> list[str]:
    """Return, for each loss with deviating cases, one sentence on how the reported loss and the gradient differ."""
    losses = sorted({case.loss for case, _ in pairs})
    return [_explain(loss, [pair for pair in pairs if pair[0].loss == loss]) for loss in losses]


def _explain(loss: str, pairs: list[tuple[Case, Factors]]) -> str:
    cases = f"{loss} loss, {len(pairs)} case{'s' if len(pairs) > 1 else ''}"
    known = [(case, found.loss / found.gradient) for case, found in pairs if found.gradient]
    if len(known) < len(pairs):
        return f"{cases}: the gradient is that of another function than the reported loss."
    counts: dict[str, Callable[[Case], int]] = {
        "the number of outputs": lambda case: case.widths[-1],
        "the number of samples": lambda case: len(case.batches[0]),
        "2": lambda _: 2,
    }
    for name, count in counts.items():
        for word, sign in (("divided by", -1), ("times", 1)):
            if all(abs(ratio / float(count(case)) ** sign - 1) <= RESOLUTION for case, ratio in known):
                return f"{cases}: the reported loss is the one whose gradient is used, {word} {name}."
    return f"{cases}: the reported loss is not the one whose gradient is used."
