"""`backproof matrix`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.table import Table

from backproof.case import Case
from backproof.cli.console import (
    check_folder,
    kept_output,
    output,
    progress_bar,
    watched,
    whatever_the_reader_does,
    write_file,
)
from backproof.cli.wire_options import matrix_loader
from backproof.errors import UsageError
from backproof.loading import unknown_subject
from backproof.matrix import BROKEN, NOT_RUN, Column, as_data, judge_all, targets
from backproof.terminal import COLOURS
from backproof_spec import clauses

LEAST_WIDTH = 16  # of a column: the longest status


def run(options: argparse.Namespace) -> int:
    """Judge the subjects, print clauses by subjects, write the JSON, and return 0: the verdicts stand in the matrix."""
    for name in options.subject or ():
        if name not in targets() and ":" not in name:
            raise unknown_subject(name)
    check_folder("--json", options.json)
    check_folder("--html", options.html)
    if options.json == "-":
        with kept_output() as stream:
            columns = _watched(options)
            _show(output(options, to_error=True), columns, quiet=options.quiet)
            stream.write(_text(columns))
        _pages(options, columns)
        return 0
    columns = _watched(options)
    if options.json:
        write_file("--json", options.json, _text(columns))
    _pages(options, columns)
    with whatever_the_reader_does():
        _show(output(options), columns, quiet=options.quiet)
    return 0


def _pages(options: argparse.Namespace, columns: Sequence[Column]) -> None:
    """Write the page and the badges that were asked for."""
    from backproof.page.matrix_page import badge, badge_names, matrix_page  # noqa: PLC0415 - for these options only

    if options.html:
        write_file("--html", options.html, matrix_page(as_data(columns)))
    if options.badges:
        where = Path(options.badges)
        try:
            where.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"--badges {where}: {error.strerror or error}"
            raise UsageError(msg) from error
        for column, name in zip(columns, badge_names([column.name for column in columns]), strict=True):
            write_file("--badges", str(where / name), badge(column.name, column.verdict))


def _text(columns: Sequence[Column]) -> str:
    return json.dumps(as_data(columns), indent=2, ensure_ascii=False) + "\n"


def _watched(options: argparse.Namespace) -> list[Column]:
    autograd, load = False if options.no_autograd else None, matrix_loader(options)
    if not watched(options):
        with redirect_stdout(sys.stderr):
            return judge_all(options.subject, autograd=autograd, load=load)
    with progress_bar(options) as bar, redirect_stdout(sys.stderr):
        task = bar.add_task("judging")

        def watch(name: str, number: int, total: int, case: Case) -> None:
            description = f"judging {name}: {case.slug} ({case.dtype})"
            bar.update(task, completed=number - 1, total=total, description=description)

        return judge_all(options.subject, autograd=autograd, watch=watch, load=load)


def _show(console: Console, columns: Sequence[Column], *, quiet: bool) -> None:
    judged = [column for column in columns if column.statuses]
    if not quiet:
        for block in _blocks(judged, console.width):
            console.print(_table(block))
            console.print()
    for column in columns:
        named = f"{column.name} {column.version}".rstrip()
        reason = f": {column.reason}" if column.reason else ""
        if column.verdict in (NOT_RUN, BROKEN):
            console.print(f"{named}: {column.verdict}{reason}", markup=False, highlight=False)
        else:
            counts = f"{column.counts['checks']} checks in {column.counts['cases']} cases"
            console.print(f"{named}: {column.verdict} - {counts}", markup=False, highlight=False)


def _blocks(columns: Sequence[Column], width: int) -> list[list[Column]]:
    """Return the columns in blocks that fit side by side."""
    room = width - max(len(clause.id) + len(clause.slug) for clause in clauses()) - 4
    blocks: list[list[Column]] = []
    left = 0
    for column in columns:
        needed = max(len(column.name), LEAST_WIDTH) + 2
        if not blocks or needed > left:
            blocks.append([])
            left = room
        blocks[-1].append(column)
        left -= needed
    return blocks


def _table(columns: Sequence[Column]) -> Table:
    table = Table("clause", "", *(column.name for column in columns), box=None, pad_edge=False)
    for clause in clauses():
        if clause.observed:
            table.add_row(clause.id, clause.slug, *(_cell(column.statuses[clause.id]) for column in columns))
    table.add_row("", "verdict", *(_cell(column.verdict) for column in columns))
    return table


def _cell(status: str) -> str:
    colour, text = COLOURS.get(status), status.replace("_", " ")
    return f"[{colour}]{text}[/{colour}]" if colour else text
