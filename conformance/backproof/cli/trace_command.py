"""`backproof trace [CASE]`."""

from __future__ import annotations

import argparse

from backproof.catalogue import get_case
from backproof.catalogue.large import LARGE
from backproof.cli.console import output
from backproof.errors import UsageError
from backproof.trace import trace


def run(options: argparse.Namespace) -> int:
    """Print a case step by step."""
    if options.case in LARGE:
        msg = f"trace {options.case}: it has millions of numbers; choose a small case (backproof list cases)"
        raise UsageError(msg)
    console = output(options)
    for line in trace(get_case(options.case, options.dtype)):
        console.print(line, markup=False, highlight=False)
    return 0
