"""The report as a Markdown summary, for a CI job page (GitHub's step summary and the like)."""

from __future__ import annotations

import re
from typing import Any

from backproof_spec import get_clause

MARKS = {"conforms": "✅", "deviates": "❌", "broken": "❌", "incomplete": "⚠️"}
MOST = 20


def markdown_text(report: dict[str, Any]) -> str:
    """Return a report `backproof/report/1` as Markdown: verdict, first deviation, clauses that do not conform."""
    subject, verdict, counts = report["subject"], report["verdict"], report["counts"]
    told = (
        f"{counts['checks']} checks in {counts['cases']} cases: {counts['passed']} passed, "
        f"{counts['reduced_accuracy']} reduced accuracy, {counts['vacuous']} vacuous, {counts['deviated']} deviated, "
        f"{counts['downstream']} downstream, {counts['expected']} expected; {counts['skipped']} cases skipped, "
        f"{counts['errored']} errored."
    )
    lines = [f"## {MARKS[verdict]} {_plain(subject['name'])}: {verdict}", "", told, ""]
    lines += _first(report)
    lines += _errors(report)
    lines += _clauses(report)
    return "\n".join(lines).rstrip() + "\n"


def _first(report: dict[str, Any]) -> list[str]:
    first = report["first_deviation"]
    if first is None:
        return []
    lines = [f"**First deviation**, {first['case']} ({first['dtype']}): {_plain(first['message'])}", ""]
    for suggestion in report["diagnosis"][:3]:
        lines += [f"> {_plain(suggestion['explanation'])}", ""]
    clause = get_clause(first["clause"])
    return [*lines, f"$${clause.latex}$$", "", *_fenced(first["reproduce"], "sh"), ""]


def _errors(report: dict[str, Any]) -> list[str]:
    lines = []
    for error in report["errors"][:MOST]:
        lines += [f"**Error**, {error['case']} ({error['dtype']}):", "", *_fenced(error["message"], "text"), ""]
    more = len(report["errors"]) - MOST
    return [*lines, f"And {more} more errors.", ""] if more > 0 else lines


def _clauses(report: dict[str, Any]) -> list[str]:
    rows = [clause for clause in report["clauses"] if clause["status"] not in ("conforms", "skipped", "not_observed")]
    good = sum(clause["status"] == "conforms" for clause in report["clauses"])
    not_judged = [c["id"] for c in report["clauses"] if c["status"] in ("skipped", "not_observed")]
    lines = [f"{good} of {len(report['clauses'])} clauses conform."]
    if not_judged:
        lines.append(f"Not judged: {', '.join(not_judged)}.")
    if not rows:
        return lines
    lines += ["", "| clause | | status | checks | worst error / tolerance |", "|---|---|---|---:|---:|"]
    for clause in rows:
        ratio = clause["worst_ratio"]
        told = "" if ratio is None else ratio if isinstance(ratio, str) else f"{ratio:.3g}"
        status = clause["status"].replace("_", " ")
        lines.append(f"| {clause['id']} | {clause['slug']} | {status} | {clause['checks']} | {told} |")
    return lines


def _plain(text: str) -> str:
    """Return text in which nothing but backticks is markup, and which ends no table or line."""
    text = text.replace("\n", " ").replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return re.sub(r"([*_\[\]])", r"\\\1", text) if "`" not in text else text


def _fenced(text: str, language: str) -> list[str]:
    """Return a code block whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", text, fence]
