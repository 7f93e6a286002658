"""The matrix: every subject that can run here, judged clause by clause. One that is broken never ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from backproof.api import Result, check
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import BackproofError
from backproof.installed import installed_subjects
from backproof.loading import BUNDLED, load_subject
from backproof.report import environment
from backproof_spec import clauses

SCHEMA = "backproof/matrix/1"
NOT_RUN = "not run"
BROKEN = "broken"

Watch = Callable[[str, int, int, Case], None]
Load = Callable[[str], Subject]


@dataclass(frozen=True, slots=True)
class Column:
    """One subject of the matrix: its verdict, the status of every clause, or why there is none.

    verdict: conforms, deviates, incomplete, broken, or `not run`; reason: why it is broken or was not run;
    statuses: by clause id, as in the report; counts: those of the report; evidence: by clause id, how much was
    checked, the largest error over tolerance, how often it deviates, and the first deviation told and reproduced.
    """

    name: str
    verdict: str
    version: str = ""
    language: str = ""
    reason: str = ""
    statuses: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    evidence: dict[str, dict[str, Any]] = field(default_factory=dict)


def targets() -> dict[str, str]:
    """Return what is judged by default, by name: the bundled subjects and those of installed packages."""
    found = {name: name for name in BUNDLED}
    for name, points in installed_subjects().items():
        found.setdefault(name, points[0].value)
    return found


def judge_all(
    names: Sequence[str] | None = None,
    *,
    autograd: bool | None = None,
    watch: Watch | None = None,
    cases: Iterable[Case] | None = None,
    load: Load = load_subject,
) -> list[Column]:
    """Judge subjects one after another and return a column for each.

    names: names as on the command line (None: all of `targets`); autograd: as in `check`; cases: a choice of cases
    (None: the catalogue); watch: called before each case with the subject's name, the number of the case, the number of
    cases, and the case; load: makes the subject of a name, here or in a process of its own.
    """
    known = targets()
    chosen = list(known) if names is None else list(names)
    few = None if cases is None else list(cases)
    judge = partial(_column, autograd=autograd, watch=watch, cases=few, load=load)
    return [judge(name, known.get(name, name)) for name in chosen]


def _column(
    name: str, target: str, *, autograd: bool | None, watch: Watch | None, cases: list[Case] | None, load: Load
) -> Column:
    entry = BUNDLED.get(target)
    if entry is not None and not entry.available:
        return Column(name, NOT_RUN, reason=entry.status)

    def progress(number: int, total: int, case: Case) -> None:
        if watch is not None:
            watch(name, number, total, case)

    try:
        with load(target) as subject:
            result = check(subject, cases, target=target, autograd=autograd, progress=progress)
    except BackproofError as error:
        return Column(name, BROKEN, reason=str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the others are judged as well
        return Column(name, BROKEN, reason=f"{type(error).__name__}: {error}")
    return _judged(name, result)


def _judged(name: str, result: Result) -> Column:
    subject = result.judged.run.subject
    errors = result.report["errors"]
    reason = ""
    if result.verdict == BROKEN:
        first = errors[0]
        reason = f"{first['case']} ({first['dtype']}): {first['message']}"
    return Column(
        name,
        result.verdict,
        version=subject.version,
        language=subject.language,
        reason=reason,
        statuses={status.clause.id: status.status for status in result.judged.clauses},
        counts=result.judged.counts,
        evidence=_evidence(result),
    )


def _evidence(result: Result) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for entry in result.report["clauses"]:
        names = entry["via"] or [entry["id"]]
        own = [deviation for deviation in result.report["deviations"] if deviation["clause"] in names]
        found[entry["id"]] = {
            "checks": entry["checks"],
            "worst_ratio": entry["worst_ratio"],
            "deviations": len(own),
            "message": own[0]["message"] if own else None,
            "reproduce": own[0]["reproduce"] if own else None,
        }
    return found


def as_data(columns: Sequence[Column]) -> dict[str, Any]:
    """Return the matrix as JSON-ready data."""
    return {
        "schema": SCHEMA,
        "clauses": [{"id": clause.id, "slug": clause.slug, "observed": clause.observed} for clause in clauses()],
        "subjects": [
            {
                "name": column.name,
                "version": column.version,
                "language": column.language,
                "verdict": column.verdict,
                "reason": column.reason or None,
                "clauses": column.statuses,
                "counts": column.counts,
                "evidence": column.evidence,
            }
            for column in columns
        ],
        "environment": environment("cpu"),
    }
