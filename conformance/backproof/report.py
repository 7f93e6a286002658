"""The report `backproof/report/1`: a verdict as data, the same for the same subject and version (times aside)."""

from __future__ import annotations

import json
import math
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from backproof.diagnosis import Suggestion
from backproof.expectation import Expectation
from backproof.judge.findings import Finding, Status
from backproof.sentences import tell
from backproof.verdict import Verdict
from backproof_spec import get_clause

SCHEMA = "backproof/report/1"


def build_report(
    verdict: Verdict,
    target: str | Sequence[str] | None,
    *,
    diagnosis: list[Suggestion],
    oracles: list[dict[str, Any]],
    device: str = "cpu",
    expectations: Sequence[Expectation] = (),
) -> dict[str, Any]:
    """Return the report as JSON-ready data; numbers that are not finite become strings.

    target: the subject as it was named on the command line, one word or several (None: from Python), for the line that
    reproduces it; expectations: the known deviations that the run was held against.
    """
    subject = verdict.run.subject
    first = verdict.first_deviation
    report = {
        "schema": SCHEMA,
        "subject": {
            "name": subject.name,
            "version": subject.version,
            "language": subject.language,
            "conventions": subject.conventions.declared(),
            "observes": sorted(verdict.run.quantities | set(subject.observes or ())),
        },
        "verdict": verdict.name,
        "counts": verdict.counts,
        "clauses": [
            {
                "id": status.clause.id,
                "slug": status.clause.slug,
                "status": status.status,
                "checks": status.checks,
                "worst_ratio": status.worst_ratio,
                "via": list(status.clause.via),
            }
            for status in verdict.clauses
        ],
        "scope": verdict.scope,
        "first_deviation": None if first is None else describe(verdict, first, target, device),
        "deviations": [describe(verdict, finding, target, device) for finding in verdict.deviations],
        "diagnosis": [suggestion.as_data() for suggestion in diagnosis],
        "expectations": [_expected(verdict, entry) for entry in expectations],
        "notes": list(verdict.run.notes),
        "skipped": [
            {"case": r.case.slug, "dtype": r.case.dtype, "reason": r.skipped} for r in verdict.run.results if r.skipped
        ],
        "errors": [
            {"case": r.case.slug, "dtype": r.case.dtype, "message": r.error} for r in verdict.run.results if r.error
        ],
        "reproducible": verdict.reproducible,
        "probes": [result.probed.as_data() for result in verdict.run.results if result.probed is not None],
        "oracles": oracles,
        "environment": environment(device),
    }
    return {key: _plain(value) for key, value in report.items()}


def describe(verdict: Verdict, finding: Finding, target: str | Sequence[str] | None, device: str) -> dict[str, Any]:
    """Return a finding as the report's data."""
    return {
        "clause": finding.clause,
        "slug": get_clause(finding.clause).slug,
        "quantity": finding.quantity,
        "case": finding.case,
        "step": finding.step,
        "layer": finding.layer or None,
        "index": list(finding.index),
        "dtype": finding.dtype,
        "device": device,
        "judged": str(finding.judged),
        "oracle": finding.source,
        "got": finding.got,
        "expected": finding.expected,
        "tolerance": finding.tolerance,
        "ratio": finding.ratio,
        "message": tell(finding, verdict.case_of(finding), verdict.run.quantities),
        "reproduce": _reproduce(finding, target, device),
    }


def _expected(verdict: Verdict, entry: Expectation) -> dict[str, Any]:
    found = [f for f in verdict.run.findings if f.status is Status.EXPECTED and entry.fits(f)]
    named = {"clause": entry.clause, "case": entry.case, "dtype": entry.dtype}
    return {**named, "reason": entry.reason, "deviations": len(found)}


def _reproduce(finding: Finding, target: str | Sequence[str] | None, device: str) -> str:
    if target is None:
        return f"backproof.check(subject, [backproof.get_case({finding.case!r}, {finding.dtype!r})])"
    where = "" if device == "cpu" else f" --device {device}"
    named = shlex.join([target] if isinstance(target, str) else target)
    return f"backproof check {named} --case {finding.case} --dtype {finding.dtype}{where}"


def environment(device: str) -> dict[str, Any]:
    """Return what ran: versions of Python and of the packages that matter."""
    packages = ("backproof", "numpy", "python-flint", "torch")
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": device,
        "packages": {name: _version(name) for name in packages},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def report_text(report: dict[str, Any]) -> str:
    """Return a report as JSON text."""
    return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_report(report: dict[str, Any], where: str) -> None:
    """Write a report as JSON to a file, or to standard output for "-"."""
    if where == "-":
        print(report_text(report), end="")
    else:
        Path(where).write_text(report_text(report), encoding="utf-8")


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report, which ships with the package."""
    return dict(json.loads(files("backproof.schemas").joinpath("report-1.json").read_text(encoding="utf-8")))
