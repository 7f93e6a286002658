"""`backproof selftest`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table

from backproof.cli.console import output, progress_bar, watched
from backproof.mutants import get_mutant
from backproof.mutants.matrix import Row, counter_test, matrix
from backproof.mutants.power import power_of
from backproof.selftest import Stranger, as_data, powers_as_data, strangers, summary


def run(options: argparse.Namespace) -> int:
    """Print how many mutants are killed, how many right programs are failed; exit 1 when any promise is broken."""
    names = None if options.mutant is None else [get_mutant(name).name for name in options.mutant]
    jobs = options.jobs or os.cpu_count() or 1
    rows = _watched(options, jobs, names)
    counter = [] if names else counter_test(jobs)
    found = strangers(Path(options.independent), jobs) if options.independent else []
    for file, data in ((options.json, as_data(rows)), (options.powers, powers_as_data(rows))):
        if file:
            Path(file).write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    console = output(options)
    for line in _complaints(rows, counter, found, whole=names is None):
        console.print(line, markup=False, highlight=False)
    table = Table("promise", "", "", box=None, pad_edge=False)
    lines = summary(rows, counter, found)
    for what, count, total, enough in lines:
        table.add_row(what, f"{count}/{total}", "" if enough else "[red]too few[/red]")
    console.print(table)
    return 0 if all(enough for *_, enough in lines) else 1


def _complaints(
    rows: Sequence[Row], counter: Sequence[tuple[str, str, list[str]]], found: Sequence[Stranger], *, whole: bool
) -> Iterator[str]:
    """Yield a line for everything that does not keep its promise; whole: the matrix holds every mutant."""
    for row in rows:
        if not row.equivalent and not (row.holds and (row.localised or row.shown != "everything")):
            yield _complaint(row)
    for name, verdict, deviations in counter:
        if verdict != "conforms":
            yield f"correct, but {verdict}: {name}: {'; '.join(deviations[:3])}"
    for stranger in found:
        if not (stranger.judged_right and stranger.named_right):
            told = f"{stranger.verdict}, {stranger.suggestion}"
            yield f"independent: {stranger.name}: {told}; it is {stranger.expected}"
    for power in power_of(rows) if whole else ():
        if not power.enough:
            yield f"{power.case}: kills {power.kills} mutants, the rarest ({power.rarest}) in {power.killers} cases"


def _complaint(row: Row) -> str:
    clauses = ", ".join(get_mutant(row.mutant).clauses)
    what = f"escapes in {', '.join(row.escaped[:4])}" if row.escaped else f"killed in {row.killed} cases"
    return f"{row.mutant} ({row.dtype}, {row.shown} shown): {what}; first by {row.first_clause}, breaks {clauses}"


def _watched(options: argparse.Namespace, jobs: int, names: list[str] | None) -> list[Row]:
    if not watched(options):
        return list(matrix(jobs, mutants=names))
    with progress_bar(options) as bar:
        task = bar.add_task("mutants x settings", total=None)
        return list(matrix(jobs, lambda done, total: bar.update(task, completed=done, total=total), names))
