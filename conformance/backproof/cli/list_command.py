"""`backproof list clauses|cases|mutants|subjects|conventions|activations|losses|flags`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.table import Table

import backproof.behaviour  # noqa: F401 - registers the behaviour clauses
from backproof.catalogue import all_cases
from backproof.catalogue.large import LARGE, large_case
from backproof.cli.console import output
from backproof.conventions import CHOICES, MEANINGS
from backproof.door import FLAGS
from backproof.installed import installed_subjects, origin
from backproof.loading import BUNDLED
from backproof_spec import LOSSES, RULES, clauses


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
        for case in (*all_cases("float64"), *map(large_case, LARGE))
    ]


def _subjects() -> list[dict[str, Any]]:
    installed = [(name, point) for name, points in installed_subjects().items() for point in points]
    return [
        *({"name": name, "what": entry.what, "status": entry.status} for name, entry in BUNDLED.items()),
        *(
            {"name": name, "what": f"{point.value}, installed by {origin(point)}", "status": "available"}
            for name, point in installed
        ),
    ]


def _conventions() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "choices": ["undeclared" if value is None else str(value) for value in choices],
            "meaning": MEANINGS[name],
        }
        for name, choices in CHOICES.items()
    ]


def _activations() -> list[dict[str, Any]]:
    return [
        {"name": name, "parameters": [f"{key}={value}" for key, value in rule.defaults.items()]}
        for name, rule in RULES.items()
    ]


def _losses() -> list[dict[str, Any]]:
    return [
        {"name": name, "clause": loss.clause, "outputs": loss.output_activation or "any"}
        for name, loss in LOSSES.items()
    ]


def _flags() -> list[dict[str, Any]]:
    return [{"name": name, "meaning": meaning} for name, meaning in FLAGS.items()]


def _mutants() -> list[dict[str, Any]]:
    from backproof.mutants import MUTANTS  # noqa: PLC0415 - for this list only

    return [
        {"name": m.name, "clauses": list(m.clauses), "explanation": m.explanation, "effect": m.effect, "seen": m.seen}
        for m in MUTANTS
    ]


ROWS = {
    "clauses": _clauses,
    "cases": _cases,
    "mutants": _mutants,
    "subjects": _subjects,
    "conventions": _conventions,
    "activations": _activations,
    "losses": _losses,
    "flags": _flags,
}
