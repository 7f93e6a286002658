"""`backproof compare OLD.json NEW.json`."""

from __future__ import annotations

import argparse
from pathlib import Path

from backproof.cli.console import output
from backproof.comparison import compare_reports, load_report, worse

WORDS = {-1: "worse", 0: "other", 1: "better"}


def run(options: argparse.Namespace) -> int:
    """Print what got worse and what got better; exit 1 when anything got worse, else 0."""
    old, new = load_report(Path(options.old)), load_report(Path(options.new))
    changes = compare_reports(old, new)
    console = output(options)
    if not options.quiet:
        names = [f"{report['subject']['name']} {report['subject']['version']}".strip() for report in (old, new)]
        if names[0] != names[1]:
            console.print(f"subjects: {names[0]}, then {names[1]}", markup=False)
        for change in changes:
            told = f"{WORDS[change.direction]:<7}{change.what}: {_plain(change.old)}, now {_plain(change.new)}"
            console.print(told, markup=False, soft_wrap=True)
    counts = {word: sum(change.direction == sign for change in changes) for sign, word in WORDS.items()}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count or word != "other")
    console.print(f"{old['verdict']}, now {new['verdict']}: {told}", markup=False)
    return int(worse(changes))


def _plain(status: str) -> str:
    return status.replace("_", " ")
