"""The screen that answers "is it right?": verdict, clauses, the first deviation as a sentence. Plain when piped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backproof.api import Result
from backproof.sentences import tell
from backproof.verdict import ClauseStatus

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
SHOWN_ERRORS = 5
SHOWN_DEVIATIONS = 5
SHOWN_SUGGESTIONS = 3


def show_result(console: Console, result: Result, *, quiet: bool = False) -> None:
    """Print a result: one line when quiet, one screen otherwise."""
    if not quiet:
        _clauses(console, result.judged.clauses)
        _oracles(console, result.report["oracles"])
        _repeated(console, result)
        _probes(console, result)
        _skips(console, result)
        _expectations(console, result)
        _errors(console, result)
        _deviations(console, result)
    _verdict(console, result, quiet=quiet)


def _clauses(console: Console, statuses: Iterable[ClauseStatus]) -> None:
    table = Table("clause", "", "status", "checks", "worst error / tolerance", "via", box=None, pad_edge=False)
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
    console.print(table)


def _coloured(status: str) -> str:
    colour = COLOURS.get(status)
    text = status.replace("_", " ")
    return f"[{colour}]{text}[/{colour}]" if colour else text


def _oracles(console: Console, oracles: list[dict[str, Any]]) -> None:
    console.print()
    for oracle in oracles:
        extent = (
            f", {oracle['cases']} cases, at most {oracle['largest_ratio']:.2g} of its worst case"
            if "cases" in oracle
            else ""
        )
        console.print(f"oracle: {oracle['name']}: {oracle['status']}{extent}", markup=False)


def _probes(console: Console, result: Result) -> None:
    """Say of each large case how it was judged, and the smallest relative error that its probes tell."""
    for account in result.report["probes"]:
        console.print(
            f"probes: {account['case']} ({account['dtype']}), {account['parameters']} parameters: {account['probes']} "
            f"probes a product, {account['rows']} rows and columns of each matrix in full; "
            f"E17: {account['delta_rule']}",
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
    reasons: dict[str, int] = {}
    for skip in result.report["skipped"]:
        reasons[skip["reason"]] = reasons.get(skip["reason"], 0) + 1
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        console.print(f"skipped: {count} case{'s' if count > 1 else ''}: {reason}", markup=False)


def _expectations(console: Console, result: Result) -> None:
    for entry in result.report["expectations"]:
        named = ", ".join(entry[name] for name in ("clause", "case", "dtype") if entry[name])
        console.print(f"expected: {named}: {entry['deviations']} deviations: {entry['reason']}", markup=False)


def _repeated(console: Console, result: Result) -> None:
    found = result.report["reproducible"]
    if found["cases"]:
        console.print(f"the same call twice: the same to the bit in {found['bitwise']} of {found['cases']} cases")


def _errors(console: Console, result: Result) -> None:
    places: dict[str, list[str]] = {}
    for error in result.report["errors"]:
        places.setdefault(error["message"], []).append(f"{error['case']} ({error['dtype']})")
    for message, cases in list(places.items())[:SHOWN_ERRORS]:
        more = f" and {len(cases) - 1} more" if len(cases) > 1 else ""
        console.print(f"error: {cases[0]}{more}: {message}", markup=False)
    if len(places) > SHOWN_ERRORS:
        console.print(f"error: and {len(places) - SHOWN_ERRORS} other messages (see --json FILE)", markup=False)


def _deviations(console: Console, result: Result) -> None:
    deviations = result.judged.deviations
    if not deviations:
        return

    def sentence(index: int) -> str:
        finding = deviations[index]
        case = result.judged.case_of(finding)
        return f"{finding.case} ({finding.dtype}): {tell(finding, case, result.judged.run.quantities)}"

    first = result.report["first_deviation"]
    console.print("\nfirst deviation", style="bold")
    console.print(f"  {sentence(0)}", markup=False, highlight=False)
    console.print(f"  read:      backproof explain {first['slug']}", markup=False, highlight=False)
    console.print(f"  reproduce: {first['reproduce']}", markup=False, highlight=False)
    others = _other_clauses(result)
    for index in others[:SHOWN_DEVIATIONS]:
        console.print(f"  also {sentence(index)}", markup=False, highlight=False)
    if not result.diagnosis:
        console.print("  No known mutant shows what you show, and no declared convention explains it.", markup=False)
    for suggestion in result.diagnosis[:SHOWN_SUGGESTIONS]:
        console.print(f"  {suggestion.explanation}", markup=False, highlight=False)
    for note in result.judged.run.notes:
        console.print(f"  {note}", markup=False, highlight=False)


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
        console.print(f"incomplete: {cases} judged, at least {verdict.fewest} needed: declare fewer skips")
    parts = [f"judged {how}: {', '.join(names)}" for how, names in scope.items() if names]
    console.print("; ".join(parts) or "nothing was judged", markup=False, highlight=False)
