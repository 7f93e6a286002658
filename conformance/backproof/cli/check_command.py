"""`backproof check SUBJECT`."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backproof.api import Result, check
from backproof.case import Case
from backproof.catalogue import all_cases, get_case
from backproof.cli.console import output
from backproof.door import Subject
from backproof.errors import UsageError
from backproof.loading import load_subject
from backproof.report import write_report
from backproof.terminal import show_result
from backproof_spec import UnknownClauseError, get_clause


def run(options: argparse.Namespace) -> int:
    """Judge the subject, print the result, write the report, and return the exit status."""
    cases = choose_cases(options)
    subject = load_subject(options.subject, options.device)
    result = _watched(options, subject, cases)
    show_result(output(options, to_error=options.json == "-"), result, quiet=options.quiet)
    if options.json:
        write_report(result.report, options.json)
    return int(result.verdict.exit)


def choose_cases(options: argparse.Namespace) -> list[Case]:
    """Return the cases that the options leave. Raises UsageError when none are left."""
    dtypes = [options.dtype] if options.dtype else ["float64", "float32"]
    if options.case:
        cases = [get_case(slug, dtype) for dtype in dtypes for slug in options.case]
    else:
        cases = [case for dtype in dtypes for case in all_cases(dtype)]
    for name in options.clause or ():
        try:
            clause = get_clause(name)
        except UnknownClauseError as error:
            raise UsageError(str(error)) from error
        wanted = set(clause.via or (clause.id,))
        cases = [case for case in cases if wanted & set(case.clauses)]
        if not cases:
            msg = f"--clause {name}: no case exercises {clause.id} `{clause.slug}`"
            raise UsageError(msg)
    return cases


def _watched(options: argparse.Namespace, subject: Subject, cases: list[Case]) -> Result:
    device = options.device if options.device.startswith("cuda") else "cpu"
    arguments = {"target": options.subject, "autograd": False if options.no_autograd else None, "device": device}
    if options.quiet or not sys.stderr.isatty():
        return check(subject, cases, **arguments)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"judging {subject.name}", total=len(cases))

        def progress(number: int, _: int, case: Case) -> None:
            bar.update(task, completed=number - 1, description=f"judging {subject.name}: {case.slug} ({case.dtype})")

        return check(subject, cases, progress=progress, **arguments)
