"""`backproof doctor --command "..."`."""

from __future__ import annotations

import argparse

from backproof.cli.console import output
from backproof.cli.wire_options import memory_bytes, seconds
from backproof.wire.doctor import examine
from backproof.wire.process import split_command

EXIT_BROKEN = 3


def run(options: argparse.Namespace) -> int:
    """Print one line for each step; exit 0 when all is well, else 3."""
    console = output(options)
    well = True
    for step in examine(split_command(options.program), timeout=seconds(options), memory=memory_bytes(options)):
        well = well and step.well
        console.print(f"{'ok   ' if step.well else 'WRONG'} {step.what}: {step.told}", markup=False, highlight=False)
    closing = (
        "the adapter is well: backproof check judges its mathematics" if well else "mend this first, and ask again"
    )
    console.print(closing, markup=False, highlight=False)
    return 0 if well else EXIT_BROKEN
