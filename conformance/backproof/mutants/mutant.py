"""A mutant: the machine with one named, seeded bug."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backproof.mutants.machine import Machine, clauses_of


@dataclass(frozen=True, slots=True)
class Mutant:
    """One named bug: the step that it replaces, by what, why it happens, what it does, and where it was seen.

    wrong(right, here, ...) is handed the right step; a string is a setting of the machine; also: further steps that the
    same bug sits in, as a divisor does in the gradients of weights and of biases; reductions: those under which it is a
    mistake.
    """

    name: str
    step: str
    wrong: Callable[..., Any] | str
    explanation: str
    effect: str = ""
    seen: str = ""
    also: tuple[str, ...] = ()
    reductions: tuple[str, ...] = ("sum", "mean")

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that it breaks, derived from the functions of the spec that its step stands for."""
        return clauses_of(self.step)

    @property
    def of_behaviour(self) -> bool:
        """Whether one call alone may be right: its clauses are behaviour clauses."""
        return all(clause.startswith("B-") for clause in self.clauses)

    def machine(self, base: Machine | None = None) -> Machine:
        """Return the machine with this bug."""
        made = (base or Machine()).with_step(self.step, self.wrong)
        for step in self.also:
            made = made.with_step(step, self.wrong)
        return made
