"""The consoles of the command line: width-aware, plain when piped, without colour when asked.

rich renders tables and progress, and is kept up well.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console

PIPED_WIDTH = 200


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a closed pipe to the command line, which ends quietly; rich would exit with 1."""
        raise BrokenPipeError


def output(options: argparse.Namespace, *, to_error: bool = False) -> Console:
    """Return the console for results; on standard error when standard output carries JSON."""
    stream = sys.stderr if to_error else sys.stdout
    plain = options.no_color or "NO_COLOR" in os.environ or not stream.isatty()
    return _Console(
        file=stream,
        no_color=plain,
        highlight=False,
        soft_wrap=not stream.isatty(),
        width=None if stream.isatty() else PIPED_WIDTH,
    )


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
