"""The screen that answers "is it right?": clauses by status, the first deviation as a sentence, the verdict.

It fits one screen. A terminal gets lines of its width; what is piped is plain, one line for each statement.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from backproof.api import Result
from backproof.diagnosis import Suggestion
from backproof.judge.findings import Judged
from backproof.sentences import tell
from backproof.verdict import ClauseStatus
from backproof_spec import get_clause

COLOURS = {
    "conforms": "green",
    "reduced_accuracy": "yellow",
    "deviates": "red",
    "downstream": "magenta",
    "errored": "red",
    "broken": "red",
    "incomplete": "yellow",
    "expected": "yellow",
}
SIGHTS = (("one element", "element"), ("one row", "row"), ("the whole", "matrix"))
WORST_FIRST = (
    "deviates",
    "errored",
    "expected",
    "downstream",
    "reduced_accuracy",
    "conforms",
    "not_observed",
    "skipped",
)
PLAIN_WIDTH = 200
SHOWN_ERRORS = 5
SHOWN_DEVIATIONS = 3
SHOWN_SUGGESTIONS = 3


def show_result(console: Console, result: Result, *, quiet: bool = False, table: bool = False) -> None:
    """Print a result: one line when quiet, one screen otherwise; table: one row for each clause."""
    if not quiet:
        (_table if table else _clauses)(console, result.judged.clauses)
        console.print()
        _oracles(console, result.report["oracles"])
        _repeated(console, result)
        _probes(console, result)
        _skips(console, result)
        _expectations(console, result)
        _errors(console, result)
        _deviations(console, result)
        _undeclared(console, result)
    _verdict(console, result, quiet=quiet)


def plain_screen(result: Result) -> str:
    """Return what is printed where the output is piped."""
    screen = StringIO()
    show_result(Console(file=screen, width=PLAIN_WIDTH, no_color=True, highlight=False, soft_wrap=True), result)
    return screen.getvalue().rstrip()


def _say(console: Console, text: str, indent: str = "", behind: str = "") -> None:
    """Print a statement, with indented further lines on a terminal, as one line where it is piped."""
    if console.soft_wrap:
        console.print(f"{indent}{text}", markup=False, highlight=False)
        return
    for line in text.splitlines():
        told = textwrap.fill(
            line,
            console.width,
            initial_indent=indent,
            subsequent_indent=indent + behind,
            break_long_words=False,
            break_on_hyphens=False,
        )
        console.print(told, markup=False, highlight=False, soft_wrap=True)


def _clauses(console: Console, statuses: Sequence[ClauseStatus]) -> None:
    """Print the clauses of each status, worst status first, with the largest error over tolerance among them."""
    table = Table("status", "worst error / tolerance", "clauses", box=None, pad_edge=False)
    for name in WORST_FIRST:
        found = [status for status in statuses if status.status == name]
        if found:
            ratios = [status.worst_ratio for status in found if status.worst_ratio is not None]
            table.add_row(_coloured(name), f"{max(ratios):.3g}" if ratios else "", _named(found))
    console.print(table, soft_wrap=False)


def _named(statuses: Sequence[ClauseStatus]) -> str:
    """Return the observed clauses by id, and the derived ones behind them in brackets."""
    observed = " ".join(status.clause.id for status in statuses if status.clause.observed)
    derived = " ".join(status.clause.id for status in statuses if not status.clause.observed)
    return f"{observed} ({derived})".strip() if derived else observed


def _table(console: Console, statuses: Iterable[ClauseStatus]) -> None:
    table = Table("clause", "", "status", "checks", "worst error / tolerance", "via", box=None, pad_edge=False)
    table.columns[1].overflow = "fold"
    for status in statuses:
        ratio = "" if status.worst_ratio is None else f"{status.worst_ratio:.3g}"
        table.add_row(
            status.clause.id,
            status.clause.slug,
            _coloured(status.status),
            str(status.checks) if status.checks else "",
            ratio,
            ", ".join(status.clause.via),
        )
    console.print(table, soft_wrap=False)


def _coloured(status: str) -> Text:
    return Text(status.replace("_", " "), COLOURS.get(status, ""))


def _oracles(console: Console, oracles: list[dict[str, Any]]) -> None:
    parts = []
    for oracle in oracles:
        told = f"{oracle['name']}: {oracle['status']}"
        if oracle.get("largest_ratio"):
            told += f" in {oracle['cases']} cases to {oracle['largest_ratio']:.2g} of its worst case"
        parts.append(told)
    _say(console, f"oracles: {'; '.join(parts)}", behind="  ")


def _probes(console: Console, result: Result) -> None:
    """Say of each large case how it was judged, and the smallest relative error that its probes tell."""
    for account in result.report["probes"]:
        console.print(
            f"probes: {account['case']} ({account['dtype']}), {account['parameters']} parameters: {account['probes']} "
            f"probes a product, {account['rows']} rows and columns of each matrix in full; "
            f"E17: {account['delta_rule']}; judged on {account['judged_on']}",
            markup=False,
            highlight=False,
        )
        for sight in account["sights"]:
            if not isinstance(sight["element"], float):
                continue
            sizes = ", ".join(f"{name} {sight[key]:.1e}" for name, key in SIGHTS)
            console.print(
                f"  {sight['quantity']} of layer {sight['layer']}: remarks a relative error of {sizes}; above "
                f"{sight['worst']:.0f} times as much it deviates",
                markup=False,
                highlight=False,
            )


def _skips(console: Console, result: Result) -> None:
    reasons = Counter(skip["reason"] for skip in result.report["skipped"])
    if reasons:
        total = reasons.total()
        told = "; ".join(f"{count} {reason}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1]))
        _say(console, f"skipped: {total} case{'s' if total > 1 else ''}: {told}", behind="  ")


def _expectations(console: Console, result: Result) -> None:
    for entry in result.report["expectations"]:
        named = ", ".join(entry[name] for name in ("clause", "case", "dtype") if entry[name])
        _say(console, f"expected: {named}: {entry['deviations']} deviations: {entry['reason']}", behind="  ")


def _repeated(console: Console, result: Result) -> None:
    found = result.report["reproducible"]
    if found["cases"]:
        _say(console, f"the same call twice: the same to the bit in {found['bitwise']} of {found['cases']} cases")


def _errors(console: Console, result: Result) -> None:
    places: dict[str, list[str]] = {}
    for error in result.report["errors"]:
        places.setdefault(error["message"], []).append(f"{error['case']} ({error['dtype']})")
    for message, cases in list(places.items())[:SHOWN_ERRORS]:
        more = f" and {len(cases) - 1} more" if len(cases) > 1 else ""
        _say(console, f"error: {cases[0]}{more}: {message}", behind="  ")
    if len(places) > SHOWN_ERRORS:
        _say(console, f"error: and {len(places) - SHOWN_ERRORS} other messages (see --json FILE)")


def _deviations(console: Console, result: Result) -> None:
    deviations = result.judged.deviations
    if not deviations:
        return

    def sentence(index: int) -> str:
        finding = deviations[index]
        case = result.judged.case_of(finding)
        return f"{finding.case} ({finding.dtype}): {tell(finding, case, result.judged.run.quantities)}"

    first = result.report["first_deviation"]
    console.print()
    console.print("first deviation", style="bold")
    declared = [suggestion for suggestion in result.diagnosis if suggestion.kind == "convention"]
    _suggestions(console, declared)
    _say(console, sentence(0), indent="  ")
    _suggestions(console, [suggestion for suggestion in result.diagnosis if suggestion.kind != "convention"])
    if not result.diagnosis and deviations[0].judged is not Judged.PRESENCE:
        _say(console, "No known mutant shows what you show, and no declared convention explains it.", indent="  ")
    clause = get_clause(first["clause"])
    _say(console, f"equation:  {clause.statement}", indent="  ", behind=" " * 11)
    _say(console, f"formula:   {clause.latex}", indent="  ", behind=" " * 11)
    _say(console, f"read:      backproof explain {first['slug']}", indent="  ")
    console.print(f"  reproduce: {first['reproduce']}", markup=False, highlight=False, soft_wrap=True)
    for index in _other_clauses(result)[:SHOWN_DEVIATIONS]:
        _say(console, f"also {sentence(index)}", indent="  ", behind="  ")
    for note in result.judged.run.notes:
        _say(console, note, indent="  ")


def _undeclared(console: Console, result: Result) -> None:
    """Say that everything is asked for, where something is wrong and nothing is declared."""
    subject, verdict = result.judged.run.subject, result.verdict
    if verdict in ("deviates", "broken") and subject.activations is subject.losses is None and not subject.skips:
        _say(
            console,
            "It declares neither activations nor losses nor skips, and is asked for all of them; if it does fewer, "
            "say so, and what is left is judged alone.",
        )


def _suggestions(console: Console, suggestions: Sequence[Suggestion]) -> None:
    for suggestion in suggestions[:SHOWN_SUGGESTIONS]:
        _say(console, suggestion.explanation, indent="  ")


def _other_clauses(result: Result) -> list[int]:
    """Return the first deviation of every further clause."""
    seen = {result.judged.deviations[0].clause}
    others = []
    for index, finding in enumerate(result.judged.deviations):
        if finding.clause not in seen:
            seen.add(finding.clause)
            others.append(index)
    return others


def _verdict(console: Console, result: Result, *, quiet: bool) -> None:
    verdict, counts, scope = result.judged, result.judged.counts, result.judged.scope
    subject, precision = verdict.run.subject, verdict.run.subject.conventions.precision
    expected = f", {counts['expected']} expected" if result.report["expectations"] else ""
    if not quiet:
        console.print()
    console.print(
        f"{escape(subject.name)}: [bold {COLOURS[verdict.name]}]{verdict.name}[/]"
        f" - {counts['checks']} checks in {counts['cases']} cases: {counts['passed']} passed,"
        f" {counts['reduced_accuracy']} reduced accuracy, {counts['vacuous']} vacuous, {counts['deviated']} deviated,"
        f" {counts['downstream']} downstream{expected}; {counts['skipped']} cases skipped, {counts['errored']} errored"
        + ("" if precision == "full" else f"; declared precision of products: {precision}")
    )
    if quiet:
        return
    if verdict.name == "incomplete":
        cases = f"{counts['cases']} case{'' if counts['cases'] == 1 else 's'}"
        _say(console, f"incomplete: {cases} judged, at least {verdict.fewest} needed: the rest is skipped as declared")
    parts = [f"judged {how}: {', '.join(names)}" for how, names in scope.items() if names]
    _say(console, "; ".join(parts) or "nothing was judged", behind="  ")
