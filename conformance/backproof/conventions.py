"""Conventions: the choices that the article leaves open, declared by a subject and never guessed silently."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from math import isfinite
from typing import Any

from backproof.errors import UsageError

CHOICES: dict[str, tuple[Any, ...]] = {
    "loss_factor": (1, 0.5),
    "reduction": ("sum", "mean"),
    "output_reduction": ("sum", "mean"),
    "delta_of": ("error", "sample"),
    "weight_layout": ("out_in", "in_out"),
    "batch_axis": (0, 1),
    "loss_at": ("before", "after", "none"),
    "kink": (None, "left", "right"),
    "precision": ("full", "tf32", "bfloat16"),
    "range": ("full", "moderate"),
}

MEANINGS: dict[str, str] = {
    "loss_factor": "factor before the squared loss: (y - o)^2 or half of it",
    "reduction": "E is the sum or the mean over the samples of the actual batch",
    "output_reduction": "the squared and the log loss are summed or averaged over the outputs",
    "delta_of": "delta is dE/dz of the reduced error, or of the sample's own loss (without the 1/n of a mean)",
    "weight_layout": "weights are (n_out, n_in) or (n_in, n_out), in the case and in the answer",
    "batch_axis": "samples stand in rows (0) or in columns (1), in the case and in the answer",
    "loss_at": "the reported loss is that of the batch before the update, after it, or not reported",
    "kink": "f'(0) of a kinked activation: left, right or a number; undeclared, any value between is accepted",
    "precision": "precision of the operands of matrix products",
    "range": "moderate: not meant for saturated outputs; those cases are skipped, and counted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """The declared conventions; every default is the article's.

    Raises UsageError for a value that is not in the closed list.
    """

    loss_factor: float = 1
    reduction: str = "sum"
    output_reduction: str = "sum"
    delta_of: str = "error"
    weight_layout: str = "out_in"
    batch_axis: int = 0
    loss_at: str = "before"
    kink: str | float | None = None
    precision: str = "full"
    range: str = "full"

    def __post_init__(self) -> None:
        """Validate every field against the closed list."""
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            a_number = name == "kink" and isinstance(value, int | float) and not isinstance(value, bool)
            if value in choices:
                object.__setattr__(self, name, choices[choices.index(value)])
            elif not a_number or not isfinite(value):
                shown = ", ".join(repr(choice) for choice in choices)
                extra = " or a finite number" if name == "kink" else ""
                msg = f"convention {name}={value!r}: expected one of {shown}{extra} ({MEANINGS[name]})"
                raise UsageError(msg)

    def error_scale(self, loss: str, outputs: int, batch: int) -> Fraction:
        """Return the factor before the sum of the article's losses: loss_factor / (n if mean) / (k if mean)."""
        return self.delta_scale(loss, outputs, batch) * self.gradient_scale(batch)

    def delta_scale(self, loss: str, outputs: int, batch: int) -> Fraction:
        """Return the part of the error's factor that the deltas carry."""
        scale = Fraction(self.loss_factor) if loss == "squared" else Fraction(1)
        if self.output_reduction == "mean" and loss != "cross_entropy":
            scale /= outputs
        return scale / batch if self.reduction == "mean" and self.delta_of == "error" else scale

    def gradient_scale(self, batch: int) -> Fraction:
        """Return the part of the error's factor that enters between the deltas and the gradients."""
        return Fraction(1, batch) if self.reduction == "mean" and self.delta_of == "sample" else Fraction(1)

    def declared(self) -> dict[str, Any]:
        """Return all conventions as a mapping, for the report."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
