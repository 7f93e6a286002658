"""Notes by flag: the bug that a vector with this flag is there for, as the mutant that has it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from backproof.mutants import get_mutant

BUGS: Mapping[str, str] = MappingProxyType(
    {
        "exact": "noise-1e-5",
        "exact-zero": "relu-derivative-at-zero",
        "general-output-delta": "output-derivative-missing",
        "masked": "mask-ignored-in-the-update",
        "mixed-activations": "derivative-of-sigmoid",
        "no-biases": "bias-in-the-delta",
        "other-output-activation": "derivative-of-output",
        "partial-batch": "gradient-by-nominal-batch",
        "rectangular": "weights-not-transposed",
        "saturated-output": "log-clipped",
        "several-hidden-layers": "deltas-through-updated-weights",
        "several-outputs": "output-delta-by-outputs",
        "several-samples": "bias-gradient-one-sample",
        "several-updates": "gradient-accumulates",
        "soft-labels": "output-derivative-confused",
        "two-classes": "softmax-jacobian-diagonal",
        "given-order": "batches-sorted",
        "far-out": "softmax-not-shifted",
        "worked-example": "mask-ignored-in-the-update",
    }
)


def notes(flags: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return, for each flag that stands for a bug, the bug, its effect, where it was seen, and the mutant's name."""
    found = {}
    for flag in flags:
        if flag in BUGS:
            mutant = get_mutant(BUGS[flag])
            note = {"bug": mutant.explanation, "effect": mutant.effect, "mutant": mutant.name, "seen": mutant.seen}
            found[flag] = {key: text for key, text in note.items() if text}
    return found
