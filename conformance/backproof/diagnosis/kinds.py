"""Mistakes that are recognised by their kind, not by their values: noise, lost digits, one bad element.

No two runs of the same race agree, and a product in single precision depends on its order of summation. What tells
them is the size of the error, what it looks like, and that everything else is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backproof.balls import Array
from backproof.diagnosis.agreement import AGREES, Key, Witness, elementwise, gap_of
from backproof.mutants.machine import Machine
from backproof.mutants.numerics import bfloat16, float16, float32

SPREAD = 0.1  # relative errors of noise differ from element to element by at least so much; so few may be far off
NEAR = 8.0  # the usual errors of noise of a size s lie between s / 8 and 8 s
DIGITS = 64.0  # values that went through a lower precision are wrong by at most so many of its units
SAME = 1e-7  # relative errors that differ by less are one error
RARE = 0.01  # the share of such errors that noise may have
MOST = 0.5
FEW = 8  # so many elements at least must look like it


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of one quantity that is not right: relative to each element, and the values themselves."""

    key: Key
    last: bool
    relative: Array
    shown: Array
    predicted: Array


def recognised(witnesses: Sequence[Witness]) -> list[str]:
    """Return the names of the mutants of which everything that deviates has the kind."""
    found = list(_errors(witnesses))
    if not found or not all(len(errors.relative) for errors in found):  # where nothing is finite, nothing has a size
        return []
    return [name for name, kind in KINDS.items() if kind(found)]


def _errors(witnesses: Sequence[Witness]) -> Iterator[Errors]:
    for witness in witnesses:
        for step, key, value, predicted, size in elementwise(witness, Machine()):
            if gap_of(witness, step, key, value, predicted) <= AGREES * witness.u:
                continue
            telling = size > 0
            mask = witness.case.layers[key[1] - 1].mask if key[0] == "weight_gradients" else None
            if mask is not None:
                telling &= mask
            telling &= np.isfinite(size) & np.isfinite(value)
            with np.errstate(over="ignore"):  # what is too large to write is infinitely wrong
                error = value.astype(np.float64)[telling] - predicted.astype(np.float64)[telling]
                relative = error / size[telling]
            yield Errors(key, key[1] == witness.case.depth, relative, value[telling], predicted[telling])


def _noise(quantities: tuple[str, ...], size: float, *, hidden: bool = False) -> Callable[[list[Errors]], bool]:
    """Return whether errors are noise of a size in some quantities; hidden: in hidden layers only."""

    def kind(found: list[Errors]) -> bool:
        if any(e.key[0] not in quantities or (hidden and e.last) for e in found):
            return False
        errors = np.concatenate([e.relative for e in found])
        if len(errors) < FEW:
            return False
        # Quantiles, since next to saturation a few elements may be far off for another reason: lost digits.
        low, high = np.quantile(errors, [0.25, 0.75])
        usual, large = np.quantile(np.abs(errors), [0.5, 1 - SPREAD])
        irregular = high - low > SPREAD * large and _repeated(found) <= RARE
        return bool(irregular and size / NEAR < 2 * usual and large < size * NEAR)

    return kind


def _repeated(found: list[Errors]) -> float:
    """Return the share of elements whose relative error stands in the array already: noise has none."""
    repeated = total = 0
    for errors in found:
        if errors.shown.dtype != np.float64:  # too few digits to tell
            continue
        ordered = np.sort(errors.relative)
        repeated += int(np.count_nonzero(np.diff(ordered) <= SAME * np.abs(ordered[1:])))
        total += len(ordered)
    return repeated / max(total, 1)


def _rounded(
    quantities: tuple[str, ...],
    cast: Callable[[Array], Array],
    u: float,
    *,
    hidden: bool = False,
    output: bool = False,
    near_share: float = 1 - SPREAD,
) -> Callable[[list[Errors]], bool]:
    """Return whether every value of some quantities is a number of a lower precision, near the right one.

    hidden: not in the output layer; output: there as well, and seen there; near_share: of the elements that are near,
    since a sum in low precision is far off wherever its terms cancel.
    """

    def kind(found: list[Errors]) -> bool:
        if any(e.key[0] not in quantities or (hidden and e.last) for e in found):
            return False
        if output and not any(e.last for e in found):
            return False
        near = (np.abs(np.concatenate([e.relative for e in found])) <= DIGITS * u).mean() > near_share
        exact = all(np.array_equal(cast(e.shown), e.shown) for e in found)
        return near and exact and any(not np.array_equal(cast(e.predicted), e.predicted) for e in found)

    return kind


def _one_element(found: list[Errors]) -> bool:
    """Return whether in every array that is wrong one element of the gradient alone is, and not always the largest."""
    if any(e.key[0] not in ("weight_gradients", "weights") for e in found):
        return False
    wrong = [np.abs(e.relative) > AGREES * np.finfo(np.float64).eps for e in found]
    one = all(w.sum() == 1 for w in wrong) and any(len(w) >= FEW for w in wrong)
    return one and not all(w[np.abs(e.predicted).argmax()] for w, e in zip(wrong, found, strict=True))


GRADIENTS = ("weight_gradients", "bias_gradients", "weights", "biases")
SINGLE, HALF, BRAIN = 2.0**-24, 2.0**-11, 2.0**-8

KINDS: dict[str, Callable[[list[Errors]], bool]] = {
    "net-inputs-through-float32": _rounded(("net_inputs",), float32, SINGLE),
    "activations-through-float16": _rounded(("activations",), float16, HALF),
    "activations-through-bfloat16": _rounded(("activations",), bfloat16, BRAIN),
    "all-deltas-through-float32": _rounded(("deltas",), float32, SINGLE, output=True),
    "deltas-through-float32": _rounded(("deltas",), float32, SINGLE, hidden=True),
    "deltas-through-float16": _rounded(("deltas",), float16, HALF, hidden=True),
    "deltas-through-bfloat16": _rounded(("deltas",), bfloat16, BRAIN, hidden=True),
    "gradients-through-float32": _rounded(GRADIENTS[:2], float32, SINGLE),
    "gradients-summed-in-float16": _rounded(GRADIENTS[:2], float16, HALF, near_share=MOST),
    "weights-through-float32": _rounded(GRADIENTS[2:], float32, SINGLE),
    "weights-through-bfloat16": _rounded(GRADIENTS[2:], bfloat16, BRAIN),
    "gradient-one-bad-element": _one_element,
    "noise-1e-3": _noise(GRADIENTS, 1e-3),
    "noise-1e-5": _noise(GRADIENTS, 1e-5),
    "delta-noise-1e-5": _noise(("deltas",), 1e-5, hidden=True),
}
