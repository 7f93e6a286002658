"""The conventions under which everything that was shown would conform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from backproof.conventions import Conventions
from backproof.diagnosis.suggestion import Suggestion, of_behaviour
from backproof.errors import BackproofError
from backproof.judge.case import judge_case
from backproof.judge.findings import Status
from backproof.run import CaseResult, Run

TRIED = ("reduction", "loss_factor", "output_reduction", "delta_of", "loss_at")


def suggest_conventions(run: Run) -> list[Suggestion]:
    """Return the smallest changes of declared conventions under which every judged case conforms.

    The subject is not run again: what it showed is judged anew. Layouts cannot be tried this way.
    """
    judged = sorted((r for r in run.results if r.observation is not None), key=lambda r: r.case.size)
    if not any(finding.status is Status.DEVIATES for finding in run.findings) or of_behaviour(run.findings):
        return []
    found: list[Suggestion] = []
    fewest: int | None = None
    for changes in _alternatives(run.subject.conventions):
        if fewest is not None and len(changes) > fewest:
            break
        conventions = replace(run.subject.conventions, **changes)
        if all(_conforms(result, conventions) for result in judged):
            fewest = len(changes)
            name = ", ".join(f"{key}={value}" for key, value in changes.items())
            found.append(
                Suggestion("convention", name, None, f"deviates as declared; conforms under {name}: declare it")
            )
    return found


def _alternatives(declared: Conventions) -> Iterator[dict[str, Any]]:
    choices: dict[str, tuple[Any, ...]] = {
        "reduction": ("sum", "mean"),
        "loss_factor": (1, 0.5),
        "output_reduction": ("sum", "mean"),
        "delta_of": ("error", "sample"),
        "loss_at": ("before", "after"),
    }
    options = [
        [getattr(declared, name), *(value for value in choices[name] if value != getattr(declared, name))]
        for name in TRIED
    ]
    every = [
        {name: value for name, value in zip(TRIED, values, strict=True) if value != getattr(declared, name)}
        for values in product(*options)
    ]
    yield from sorted((changes for changes in every if changes), key=len)


def _conforms(result: CaseResult, conventions: Conventions) -> bool:
    if result.observation is None:
        return False
    try:
        judged = judge_case(result.case.under(conventions), result.observation)
    except BackproofError:
        return False
    return all(finding.status is not Status.DEVIATES for finding in judged.findings)
