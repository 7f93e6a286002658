"""A suggestion, and what a run must show for one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backproof.judge.findings import Finding, Judged, Status


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the mistake most likely is: a convention to declare, or a mutant that the observation agrees with.

    agreement: the largest relative difference from the mutant; None where its kind is recognised and not its values.
    """

    kind: str
    name: str
    agreement: float | None
    explanation: str

    def as_data(self) -> dict[str, Any]:
        """Return the suggestion as the report's data."""
        return {
            "kind": self.kind,
            "name": self.name,
            "agreement": self.agreement,
            "explanation": self.explanation,
        }


def of_value(finding: Finding) -> bool:
    """Whether a value of the case's own call deviates."""
    return finding.status is Status.DEVIATES and (
        finding.judged is not Judged.BEHAVIOUR or finding.clause == "B-own-loss"
    )


def of_behaviour(findings: Iterable[Finding]) -> bool:
    """Whether something deviates in a further call, or in what a call leaves behind."""
    return any(finding.status is Status.DEVIATES and not of_value(finding) for finding in findings)
