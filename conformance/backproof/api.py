"""Judging a subject from Python: `backproof.check(my_net)`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backproof.case import Case
from backproof.catalogue import all_cases
from backproof.diagnosis import Suggestion, suggest_conventions
from backproof.door import Subject, as_subject
from backproof.errors import UsageError
from backproof.judge.end_to_end import agreement
from backproof.report import build_report
from backproof.run import Oracle, Progress, run_subject
from backproof.truth import Truth, float_spec, truth_of
from backproof.verdict import Verdict

WITHOUT_TORCH = "not run: torch is not installed"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a check: the verdict, the suggestions, and the report as data."""

    verdict: Verdict
    diagnosis: list[Suggestion]
    report: dict[str, Any]

    @property
    def conforms(self) -> bool:
        """Whether the verdict is `conforms`."""
        return self.verdict.name == "conforms"


def check(
    subject: Any,
    cases: Iterable[Case] | None = None,
    *,
    target: str | None = None,
    autograd: bool | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Result:
    """Judge a subject on the catalogue (or on the given cases) and return the result.

    subject: a function of a case, or anything marked with @backproof.subject; target: how the subject is called on
    the command line; autograd: compare with PyTorch autograd as well (None: where torch is installed); device: where
    autograd runs.

    Raises OracleError when the oracles do not agree among themselves.
    """
    made = subject if isinstance(subject, Subject) else as_subject(subject, getattr(subject, "__name__", "subject"))
    chosen = list(all_cases() if cases is None else cases)
    oracles, without = find_oracles(device, wanted=autograd)
    run = run_subject(made, chosen, oracles, progress)
    verdict = Verdict(run)
    diagnosis = suggest_conventions(run)
    judged = [result.case for result in verdict.judged]
    agreements = [*check_oracles(judged, oracles), *without]
    report = build_report(verdict, target, diagnosis=diagnosis, oracles=agreements, device=device)
    return Result(verdict, diagnosis, report)


def find_oracles(device: str, *, wanted: bool | None) -> tuple[list[Oracle], list[dict[str, Any]]]:
    """Return the oracles beside the spec, and what the report says of those that are absent."""
    if wanted is False:
        return [], [{"name": "autograd", "status": "not run: not asked for"}]
    if importlib.util.find_spec("torch") is None:
        return [], [{"name": "autograd", "status": WITHOUT_TORCH}]
    from backproof.autograd.oracle import AutogradOracle  # noqa: PLC0415 - torch takes seconds to import

    try:
        return [AutogradOracle(device)], []
    except ValueError as error:
        raise UsageError(str(error)) from error


def check_oracles(cases: list[Case], oracles: list[Oracle]) -> list[dict[str, Any]]:
    """Hold the oracles against one another before they judge anyone, and return what the report says of them.

    Each must lie within the worst case of correct code in its own dtype around the exact values.
    Raises OracleError, naming the oracle and the case, where one does not.
    """
    truths: list[tuple[Case, Truth]] = [(case, truth_of(case)) for case in cases]
    found: list[dict[str, Any]] = [
        {"name": "spec in ball arithmetic", "status": "exact", "cases": len(truths), "largest_ratio": 0.0}
    ]
    ratios = [agreement(case, truth, float_spec(case), case.dtype, "spec in floats") for case, truth in truths]
    found.append(_agreed("spec in floats", ratios))
    for oracle in oracles:
        pairs = [(case, truth, oracle.steps(case)) for case, truth in truths]
        ratios = [
            agreement(case, truth, steps, "float64", oracle.name) for case, truth, steps in pairs if steps is not None
        ]
        found.append(_agreed(oracle.name, ratios))
    return found


def _agreed(name: str, ratios: list[float]) -> dict[str, Any]:
    return {"name": name, "status": "agrees", "cases": len(ratios), "largest_ratio": max(ratios, default=0.0)}
