"""`backproof grade DIR --rubric rubric.toml`."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from backproof.case import Case
from backproof.cli.console import output, progress_bar, watched, whatever_the_reader_does, write_file
from backproof.cli.wire_options import memory_bytes
from backproof.errors import UsageError
from backproof.grading import Grade, file_names, grade, rows, submissions, table
from backproof.report import report_text
from backproof.rubric import Rubric, load_rubric
from backproof.terminal import COLOURS


def run(options: argparse.Namespace) -> int:
    """Judge every submission, write a report for each and one table, and return 0: the verdicts stand in the table."""
    rubric = load_rubric(Path(options.rubric))
    memory = memory_bytes(argparse.Namespace(memory=rubric.memory))
    found = submissions(Path(options.folder), rubric)
    names = file_names(found)
    where = _folder(options.out)
    grades = []
    with progress_bar(options) if watched(options) else nullcontext() as bar:
        task = bar.add_task("grading", total=len(found) * len(rubric.chosen())) if bar is not None else None
        for done, submission in enumerate(found):
            progress = None if bar is None else _progress(bar, task, done, submission.name)
            one = grade(submission, rubric, memory, progress)
            _write(where, names[submission.name], one)
            grades.append(one)
    write_file("--out", str(where / "grades.csv"), table(grades, rubric))
    with whatever_the_reader_does():
        _show(options, grades, rubric, where)
    return 0


def _folder(name: str) -> Path:
    where = Path(name)
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"--out {name}: {error.strerror or error}"
        raise UsageError(msg) from error
    return where


def _progress(bar: Any, task: Any, done: int, name: str) -> Any:
    def progress(number: int, total: int, case: Case) -> None:
        bar.update(task, completed=done * total + number - 1, description=f"grading {name}: {case.slug} ({case.dtype})")

    return progress


def _write(where: Path, name: str, one: Grade) -> None:
    if one.result is not None:
        write_file("--out", str(where / f"{name}.json"), report_text(one.result.report))
        write_file("--out", str(where / f"{name}.html"), one.result.page())
    else:
        write_file("--out", str(where / f"{name}.txt"), f"{one.name}: {one.verdict}\n{one.reason}\n")


def _show(options: argparse.Namespace, grades: list[Grade], rubric: Rubric, where: Path) -> None:
    console = output(options)
    if not options.quiet:
        printed = Table("submission", "points", "verdict", "no points for", box=None, pad_edge=False)
        for row in rows(grades, rubric):
            name, points, verdict, lost = row
            printed.add_row(Text(name), points, Text(verdict, COLOURS[verdict]), lost)
        console.print(printed, soft_wrap=False)
        console.print()
    best = sum(one.total == rubric.total for one in grades)
    told = f"{len(grades)} submissions, {best} with all points; reports and grades.csv in {where}"
    console.print(told, markup=False, soft_wrap=True)
