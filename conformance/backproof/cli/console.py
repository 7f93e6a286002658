"""The consoles of the command line: width-aware, plain when piped, without colour when asked.

rich renders tables and progress, and is kept up well.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backproof.errors import UsageError

PIPED_WIDTH = 200


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a closed pipe to the command line, which ends quietly; rich would exit with 1."""
        raise BrokenPipeError


def output(options: argparse.Namespace, *, to_error: bool = False) -> Console:
    """Return the console for results; on standard error when standard output carries JSON."""
    stream = sys.stderr if to_error else sys.stdout
    return _Console(
        file=stream,
        no_color=_plain(options) or not stream.isatty(),
        highlight=False,
        soft_wrap=not stream.isatty(),
        width=None if stream.isatty() else PIPED_WIDTH,
    )


def _plain(options: argparse.Namespace) -> bool:
    return bool(options.no_color) or "NO_COLOR" in os.environ


def watched(options: argparse.Namespace) -> bool:
    """Whether somebody watches: a person at a terminal who did not ask for quiet."""
    return sys.stderr.isatty() and not options.quiet


@contextmanager
def progress_bar(options: argparse.Namespace) -> Iterator[Progress]:
    """Show counts and the time left on standard error, and remove them at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True, no_color=_plain(options))
    with Progress(*columns, console=console, transient=True) as bar:
        yield bar


def check_folder(option: str, file: str | None) -> None:
    """Raise UsageError where a file cannot be written because its folder is not there, or it is a folder itself."""
    if not file or file == "-":
        return
    if not Path(file).resolve().parent.is_dir():
        msg = f"{option} {file}: there is no folder {Path(file).parent}"
        raise UsageError(msg)
    if Path(file).is_dir():
        msg = f"{option} {file}: expected the name of a file; this is a folder"
        raise UsageError(msg)


def write_file(option: str, file: str, text: str) -> None:
    """Write a file that an option names. Raises UsageError with the option, the file and the reason."""
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{option} {file}: {error.strerror or error}"
        raise UsageError(msg) from error


@contextmanager
def kept_output() -> Iterator[TextIO]:
    """Keep standard output for ourselves: whatever else writes there meanwhile goes to standard error.

    Yields the real standard output. This holds for file descriptors too, so that a subject written in C cannot mix its
    lines into a report.
    """
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(real), "w", encoding="utf-8") as stream:
            yield stream
    finally:
        sys.stdout.flush()
        os.dup2(real, 1)
        os.close(real)


@contextmanager
def whatever_the_reader_does() -> Iterator[None]:
    """Go on when the reader of our output has gone: the exit status must still be that of the verdict."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
