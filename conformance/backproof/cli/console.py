"""The consoles of the command line: width-aware, plain when piped, without colour when asked.

rich renders tables and progress, and is kept up well.
"""

from __future__ import annotations

import argparse
import os
import sys

from rich.console import Console

PIPED_WIDTH = 200


def output(options: argparse.Namespace, *, to_error: bool = False) -> Console:
    """Return the console for results; on standard error when standard output carries JSON."""
    stream = sys.stderr if to_error else sys.stdout
    plain = options.no_color or "NO_COLOR" in os.environ or not stream.isatty()
    return Console(
        file=stream,
        no_color=plain,
        highlight=False,
        soft_wrap=not stream.isatty(),
        width=None if stream.isatty() else PIPED_WIDTH,
    )
