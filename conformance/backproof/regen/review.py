"""The review of a regeneration: what changed, value by value, with the distance and the clause behind it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

MOST_ROWS = 40
CLAUSES = {
    "net_inputs": "E1",
    "activations": "E1, E18",
    "loss": "E3 to E6",
    "deltas": "E17, E22",
    "weight_gradients": "E11",
    "bias_gradients": "E11",
    "weights": "E26",
    "biases": "E26",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One value that a regeneration changes."""

    file: str
    what: str
    old: str
    new: str
    distance: str = ""
    clause: str = ""


def changes(before: Path, after: Path) -> Iterator[Change]:
    """Yield what differs between two folders of vectors or goldens."""
    names = sorted({p.relative_to(root) for root in (before, after) for p in root.rglob("*") if p.is_file()})
    for name in names:
        old, new = before / name, after / name
        if not old.exists():
            yield Change(str(name), "new file", "", "")
        elif not new.exists():
            yield Change(str(name), "nothing writes it", "", "")
        elif old.read_bytes() != new.read_bytes():
            yield from differences(str(name), old, new)


def differences(name: str, old: Path, new: Path) -> Iterator[Change]:
    """Yield what differs between two versions of a file: leaf by leaf where it holds data, else line by line."""
    texts = old.read_text(encoding="utf-8"), new.read_text(encoding="utf-8")
    if old.suffix not in (".yml", ".json"):
        pairs = enumerate(zip(*(text.splitlines() for text in texts), strict=False), 1)
        yield from (Change(name, f"line {n}", a.strip(), b.strip()) for n, (a, b) in pairs if a != b)
        return
    one, other = (dict(_leaves(_load(text, old.suffix))) for text in texts)
    found = False
    for key in [*one, *(key for key in other if key not in one)]:
        a, b = one.get(key), other.get(key)
        if a != b or type(a) is not type(b):
            found = True
            yield Change(name, key, _text(a), _text(b), distance(a, b), clause_of(key))
    if not found:
        yield Change(name, "the text, no value", "", "")


def show(found: Sequence[Change], what: str) -> None:
    """Print the review table; a long one is cut, and counted in full."""
    console = Console(width=None if sys.stdout.isatty() else 200)
    if not found:
        console.print(f"regen: {what}: nothing changed", markup=False)
        return
    table = Table("file", "what", "old", "new", "by how much", "clause", box=None, pad_edge=False)
    for row in found[:MOST_ROWS]:
        table.add_row(row.file, row.what.replace("[", r"\["), row.old, row.new, row.distance, row.clause)
    console.print(table)
    more = f" (the first {MOST_ROWS} are shown)" if len(found) > MOST_ROWS else ""
    files = len({row.file for row in found})
    console.print(f"regen: {what}: {len(found)} changes in {files} files{more}", markup=False)


def distance(old: Any, new: Any) -> str:
    """Return how far two numbers are apart, in units of the last place."""
    if isinstance(old, float) and isinstance(new, float):
        unit = float(np.spacing(max(abs(old), abs(new))))
        return f"{abs(new - old) / unit:.4g} ulp, {abs(new - old):.3g}"
    return ""


def clause_of(place: str) -> str:
    """Return the clause behind an expected value or a bound of a vector."""
    parts = place.split(" / ")
    if parts[0].split("[")[0] not in ("expected", "bounds"):
        return ""
    return next((CLAUSES[name] for part in parts if (name := part.split("[")[0]) in CLAUSES), "")


def _load(text: str, suffix: str) -> Any:
    if suffix == ".json":
        return json.loads(text)
    import yaml  # noqa: PLC0415 - of the test group only

    return yaml.safe_load(text)


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{path} / {key}" if path else str(key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _leaves(value, f"{path}[{index}]")
    else:
        yield path, tree


def _text(value: Any) -> str:
    return "nothing" if value is None else str(value)
