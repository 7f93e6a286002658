"""One cell, judged: its cases, the counts, each kind of deviation, and the smallest case that shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from backproof.campaign.plan import CATALOGUE, DRAWN, Cell
from backproof.campaign.shrink import drawn_cases, smallest
from backproof.case import Case
from backproof.catalogue import all_cases, narrow_cases
from backproof.catalogue.large import LARGE, large_case
from backproof.conventions import Conventions
from backproof.diagnosis import suggest_conventions, suggest_mutants
from backproof.door import Subject
from backproof.errors import BackproofError
from backproof.judge.findings import Status
from backproof.loading import load_subject
from backproof.report import build_report
from backproof.run import Run, run_subject
from backproof.verdict import Verdict
from backproof.wire.cases import write_case

SCHEMA = "backproof/cell/1"
KEPT = ("clause", "slug", "quantity", "case", "dtype", "step", "layer", "index", "message")


def run_cell(cell: Cell) -> dict[str, Any]:
    """Judge one cell and return it as data: the same on every machine, times and environment left out."""
    try:
        with load_subject(cell.subject, cell.device) as subject:
            return _judged(cell, subject)
    except BackproofError as error:
        return broken(cell, str(error))


def broken(cell: Cell, reason: str) -> dict[str, Any]:
    """Return a cell of which nothing could be judged, with the reason."""
    return {**_head(cell), "verdict": "broken", "counts": {}, "deviations": [], "errors": [reason], "diagnosis": []}


def _head(cell: Cell) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "subject": cell.subject,
        "family": cell.family,
        "seed": cell.seed,
        "dtype": cell.dtype,
        "device": cell.device,
    }


def _judged(cell: Cell, subject: Subject) -> dict[str, Any]:
    # No oracle beside ball arithmetic: the spec in floats may be out of its depth in a drawn case, and autograd costs.
    run = run_subject(subject, list(_cases(cell)), selected=True)
    in_full = replace(run, results=tuple(result for result in run.results if result.probed is None))
    diagnosis = suggest_conventions(in_full) or suggest_mutants(in_full)
    report = build_report(Verdict(run), cell.subject, diagnosis=diagnosis, oracles=[], device=cell.device)
    first: dict[str, dict[str, Any]] = {}
    for deviation in report["deviations"]:
        first.setdefault(deviation["clause"], deviation)
    totals = Counter(deviation["clause"] for deviation in report["deviations"])
    return {
        **_head(cell),
        "verdict": report["verdict"],
        "counts": report["counts"],
        "deviations": [
            {
                **{name: deviation[name] for name in KEPT},
                "checks": totals[clause],
                "smallest": _smallest(cell, subject, clause, run),
            }
            for clause, deviation in first.items()
        ],
        "errors": [f"{error['case']} ({error['dtype']}): {error['message']}" for error in report["errors"]],
        "diagnosis": [suggestion.name for suggestion in diagnosis],
    }


def _cases(cell: Cell) -> Iterator[Case]:
    if cell.family == CATALOGUE:
        yield from all_cases(cell.dtype)
    elif cell.family == DRAWN:
        for number, case in enumerate(drawn_cases(cell)):
            yield replace(case, slug=f"drawn-{cell.seed}-{number}")
    elif cell.family in LARGE:
        yield large_case(cell.family, cell.dtype)
    else:
        yield from narrow_cases(cell.dtype, cell.family)


def _smallest(cell: Cell, subject: Subject, clause: str, run: Run) -> dict[str, Any] | None:
    """Return the smallest case in which the subject deviates from the clause, as the wire carries it.

    That of the cell itself where no smaller one is drawn; None where it is too large to be written down.
    """
    own = [
        result.case
        for result in run.results
        if result.probed is None and any(f.clause == clause and f.status is Status.DEVIATES for f in result.findings)
    ]
    found = smallest(cell, subject, clause)
    known = [*own, *([] if found is None else [found])]
    if not known:
        return None
    least = min(known, key=lambda case: (case.size, len(case.x)))
    return write_case(least.under(Conventions()))
