"""`backproof list clauses|cases|subjects|conventions`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.table import Table

import backproof.behaviour  # noqa: F401 - registers the behaviour clauses
from backproof.catalogue import all_cases
from backproof.cli.console import output
from backproof.conventions import CHOICES, MEANINGS
from backproof.loading import BUNDLED
from backproof_spec import clauses


def run(options: argparse.Namespace) -> int:
    """Print the list, or write it as JSON."""
    rows = ROWS[options.what]()
    if options.json:
        text = json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
        if options.json == "-":
            print(text, end="")
        else:
            Path(options.json).write_text(text, encoding="utf-8")
        return 0
    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(", ".join(map(str, v)) if isinstance(v, list) else str(v) for v in row.values()))
    output(options).print(table)
    return 0


def _clauses() -> list[dict[str, Any]]:
    return [
        {
            "id": clause.id,
            "slug": clause.slug,
            "kind": "observed" if clause.observed else "derived",
            "via": list(clause.via),
            "statement": clause.statement,
        }
        for clause in clauses()
    ]


def _cases() -> list[dict[str, Any]]:
    return [
        {
            "slug": case.slug,
            "title": case.title,
            "network": "-".join(map(str, case.widths)),
            "loss": case.loss,
            "updates": len(case.batches),
            "flags": list(case.flags),
        }
        for case in all_cases("float64")
    ]


def _subjects() -> list[dict[str, Any]]:
    return [{"name": name, "what": what} for name, (_, what) in BUNDLED.items()]


def _conventions() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "choices": ["undeclared" if value is None else str(value) for value in choices],
            "meaning": MEANINGS[name],
        }
        for name, choices in CHOICES.items()
    ]


ROWS = {"clauses": _clauses, "cases": _cases, "subjects": _subjects, "conventions": _conventions}
