"""Two reports side by side: what got worse, what got better, clause by clause."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backproof.errors import UsageError
from backproof.report import SCHEMA, report_schema

# From worst to best; what is on one step is neither better nor worse than another there.
STEPS = (
    ("broken", "errored"),
    ("deviates",),
    ("expected", "downstream"),
    ("incomplete", "not_observed", "skipped"),
    ("reduced_accuracy",),
    ("conforms",),
)
RANK = {status: rank for rank, statuses in enumerate(STEPS) for status in statuses}


@dataclass(frozen=True, slots=True)
class Change:
    """What changed: the verdict, a clause, or a deviation in one case; better is +1, worse -1, neither 0."""

    what: str
    old: str
    new: str
    direction: int


def load_report(path: Path) -> dict[str, Any]:
    """Return a report that was written by `--json`. Raises UsageError with the file, the field and what is wrong."""
    import jsonschema  # noqa: PLC0415 - for files only

    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path}: {error.strerror or error}; expected a report written by `backproof check --json FILE`"
        raise UsageError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path}: not JSON: {error}; expected a report written by `backproof check --json FILE`"
        raise UsageError(msg) from error
    named = data.get("schema") if isinstance(data, dict) else None
    if named != SCHEMA:
        came = repr(named) if named is not None else "none"
        msg = f"{path}: field schema: expected {SCHEMA!r}, {came} came; only reports of `backproof check` are compared"
        raise UsageError(msg)
    wrong = sorted(jsonschema.Draft202012Validator(report_schema()).iter_errors(data), key=lambda e: e.json_path)
    if wrong:
        msg = f"{path}: {wrong[0].json_path}: {wrong[0].message}; expected a report as `backproof check --json` writes"
        raise UsageError(msg)
    return dict(data)


def compare_reports(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return what changed from one report to another: worse first, then better, then neither.

    A clause that only one of the two knows counts as not observed in the other. Where a clause deviates in both, the
    cases in which it does are compared.
    """
    before, after = _statuses(old), _statuses(new)
    changes = [
        _change("verdict", old["verdict"], new["verdict"]),
        *(
            _change(name, before.get(name, "not_observed"), after.get(name, "not_observed"))
            for name in dict.fromkeys([*before, *after])
        ),
    ]
    mine, theirs = _places(old), _places(new)
    for name, where in theirs.items():
        if name in mine:
            changes += [Change(f"{name} in {place}", "conforms", "deviates", -1) for place in where - mine[name]]
    for name, where in mine.items():
        if name in theirs:
            changes += [Change(f"{name} in {place}", "deviates", "conforms", 1) for place in where - theirs[name]]
    return sorted((c for c in changes if c.old != c.new), key=lambda c: ((-1, 1, 0).index(c.direction), c.what))


def _change(what: str, old: str, new: str) -> Change:
    gained = RANK[new] - RANK[old]
    return Change(what, old, new, (gained > 0) - (gained < 0))


def _statuses(report: dict[str, Any]) -> dict[str, str]:
    return {f"{clause['id']} {clause['slug']}": clause["status"] for clause in report["clauses"]}


def _places(report: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in report["deviations"]:
        found.setdefault(f"{entry['clause']} {entry['slug']}", set()).add(f"{entry['case']} ({entry['dtype']})")
    return found


def worse(changes: Iterable[Change]) -> bool:
    """Whether anything got worse."""
    return any(change.direction < 0 for change in changes)
