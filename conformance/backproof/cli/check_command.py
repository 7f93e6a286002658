"""`backproof check SUBJECT`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from backproof.api import Result, check
from backproof.case import DTYPES, Case
from backproof.catalogue import all_cases, get_case, narrow_cases
from backproof.cli.console import (
    check_folder,
    kept_output,
    output,
    progress_bar,
    watched,
    whatever_the_reader_does,
    write_file,
)
from backproof.cli.wire_options import in_child, load_in_child, named
from backproof.door import Subject
from backproof.errors import UsageError
from backproof.loading import load_subject
from backproof.report import report_text
from backproof.run import Progress
from backproof.terminal import show_result
from backproof.vectors.reading import VectorOracle, case_of, load
from backproof.verdict import Exit, exercises
from backproof_spec import UnknownClauseError, get_clause


def run(options: argparse.Namespace) -> int:
    """Judge the subject, print the result, write the reports, and return the exit status."""
    cases = choose_cases(options)
    check_device(options.device)
    check_jobs(options)
    for name in ("json", *WRITTEN):
        check_folder(f"--{name}", getattr(options, name))
    for name in WRITTEN:
        if getattr(options, name) == "-":
            msg = f"--{name} -: expected the name of a file; only --json writes to standard output"
            raise UsageError(msg)
    if options.json == "-":
        with kept_output() as stream:
            result = _judged(options, cases)
            show_result(output(options, to_error=True), result, quiet=options.quiet, table=options.table)
            stream.write(report_text(result.report))
    else:
        result = _judged(options, cases)
        with whatever_the_reader_does():
            show_result(output(options), result, quiet=options.quiet, table=options.table)
        if options.json:
            write_file("--json", options.json, report_text(result.report))
    for name, made in WRITTEN.items():
        if getattr(options, name):
            write_file(f"--{name}", getattr(options, name), made(result, options))
    for line in result.unmet:
        print(f"backproof: --expect {options.expect}: {line}", file=sys.stderr)
    return int(Exit.USAGE if result.unmet else result.judged.exit)


def _junit(result: Result, options: argparse.Namespace) -> str:
    from backproof.junit import junit_text  # noqa: PLC0415 - for this option only

    return junit_text(result, named(options))


def _markdown(result: Result, _: argparse.Namespace) -> str:
    from backproof.markdown import markdown_text  # noqa: PLC0415 - for this option only

    return markdown_text(result.report)


WRITTEN: dict[str, Callable[[Result, argparse.Namespace], str]] = {
    "html": lambda result, _: result.page(),
    "junit": _junit,
    "markdown": _markdown,
}


def _judged(options: argparse.Namespace, cases: list[Case]) -> Result:
    if in_child(options):
        subject = load_in_child(options)
    else:
        with redirect_stdout(sys.stderr):
            subject = load_subject(options.subject, options.device)
    with subject:
        return _watched(options, subject, cases)


def check_device(device: str) -> None:
    """Raise UsageError unless the device is cpu, cuda or cuda:N."""
    kind, _, number = device.partition(":")
    if device != "cpu" and not (kind == "cuda" and (number.isdigit() or device == "cuda")):
        msg = f"--device {device}: expected cpu, cuda or cuda:N"
        raise UsageError(msg)


def check_jobs(options: argparse.Namespace) -> None:
    """Raise UsageError unless --jobs is a positive number, for a subject that processes can load by its name."""
    if options.jobs is None:
        return
    if options.jobs < 1:
        msg = f"--jobs {options.jobs}: expected a positive number of processes"
        raise UsageError(msg)
    if options.program is not None or options.isolate:
        msg = "--jobs judges SUBJECT in several processes of the kit's own; leave --command and --isolate out"
        raise UsageError(msg)


def choose_cases(options: argparse.Namespace) -> list[Case]:
    """Return the cases that the options leave. Raises UsageError when none are left."""
    dtypes = [options.dtype] if options.dtype else ["float64", "float32"]
    if options.vectors is not None:
        cases = _of_vectors(options, dtypes)
    elif options.case:
        cases = [get_case(slug, dtype) for dtype in dtypes for slug in options.case]
    else:
        cases = [case for dtype in dtypes for case in all_cases(dtype)]
    for name in options.clause or ():
        try:
            clause = get_clause(name)
        except UnknownClauseError as error:
            raise UsageError(str(error)) from error
        cases = [case for case in cases if exercises(case, clause)]
        if not cases:
            msg = f"--clause {name}: no case exercises {clause.id} `{clause.slug}`"
            raise UsageError(msg)
    return cases


def _of_vectors(options: argparse.Namespace, dtypes: list[str]) -> list[Case]:
    if options.vectors and options.subject is None and options.program is None:
        msg = f"--vectors {options.vectors}: no SUBJECT is left; name SUBJECT first, --vectors after it"
        raise UsageError(msg)
    vectors = load(options.vectors or None)
    for slug in options.case or ():
        if slug not in vectors:
            msg = f"--case {slug}: there is no such vector (backproof vectors list)"
            raise UsageError(msg)
    chosen = [case_of(vectors[slug]) for slug in options.case or vectors]
    return [case.as_dtype(dtype) for dtype in dtypes for case in sorted(chosen, key=lambda case: case.size)]


def _watched(options: argparse.Namespace, subject: Subject, cases: list[Case]) -> Result:
    arguments = {
        "target": named(options),
        "autograd": False if options.no_autograd else None,
        "device": options.device,
        "expect": options.expect,
        "further": [] if options.vectors is None else [VectorOracle(load(options.vectors or None).values())],
        "selected": bool(options.case or options.clause or options.dtype),
    }
    if not watched(options):
        return _judge(options, subject, cases, None, arguments)
    with progress_bar(options) as bar:
        task = bar.add_task(f"judging {subject.name}", total=len(cases))

        def progress(number: int, _: int, case: Case) -> None:
            bar.update(task, completed=number - 1, description=f"judging {subject.name}: {case.slug} ({case.dtype})")

        return _judge(options, subject, cases, progress, arguments)


def _judge(
    options: argparse.Namespace,
    subject: Subject,
    cases: list[Case],
    progress: Progress | None,
    arguments: dict[str, Any],
) -> Result:
    if options.jobs in (None, 1):
        return check(subject, cases, progress=progress, **arguments)
    from backproof.jobs import judge_in_processes  # noqa: PLC0415 - for this option only

    if not arguments["selected"]:
        cases = [
            *cases,
            *(case for dtype in DTYPES for family in subject.narrow for case in narrow_cases(dtype, family)),
        ]
    known = judge_in_processes(
        options.subject,
        subject,
        cases,
        options.jobs,
        device=options.device,
        autograd=arguments["autograd"],
        progress=progress,
    )
    return check(subject, choose_cases(options), remembered=known, **arguments)
