"""Rewriting the goldens: `python -m backproof.regen [--check]`, which is what `tox run -e regen` runs.

The goldens are written aside by their own tests (pytest --regen-all), compared with what is there, and only then put
in place; interrupted at any moment, the tree is as it was. What changed is printed: file, number, old, new, and the
distance in units of the last place. PyYAML (pytest-regressions brings it) reads the goldens, by its safe loader.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from backproof_fixtures import goldens

MOST_ROWS = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite the goldens and print what changed; with --check, change nothing and return 1 if anything would."""
    parser = argparse.ArgumentParser(prog="backproof.regen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a golden would change")
    options = parser.parse_args(arguments)
    here = goldens()
    with tempfile.TemporaryDirectory(prefix=".goldens-", dir=here.parent) as folder:
        aside = Path(folder) / "goldens"
        shutil.copytree(here, aside)
        status = _regenerate(aside)
        if status != 0:
            print("regen: the tests that write the goldens failed; nothing was changed", file=sys.stderr)
            return status
        rows = list(changes(here, aside))
        _show(rows)
        if options.check:
            return int(bool(rows))
        for path in sorted(aside.rglob("*")):
            if path.is_file():
                target = here / path.relative_to(aside)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
    return 0


def _regenerate(aside: Path) -> int:
    tests = Path.cwd() / "fixtures" / "tests"
    if not tests.is_dir():
        print("regen: run it in the root of the source tree; there is no fixtures/tests here", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "pytest", "-q", "-m", "golden", "--regen-all", str(tests)]
    return subprocess.run(  # noqa: S603 - our own interpreter on our own tests
        command, env={**os.environ, "BACKPROOF_GOLDENS": str(aside)}, check=False
    ).returncode


def changes(before: Path, after: Path) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (file, what, old, new, distance) for everything that differs between two folders of goldens."""
    names = sorted({p.relative_to(root) for root in (before, after) for p in root.rglob("*") if p.is_file()})
    for name in names:
        old, new = before / name, after / name
        if not old.exists():
            yield str(name), "new file", "", "", ""
        elif not new.exists():
            yield str(name), "no test writes it", "", "", ""
        elif old.read_bytes() != new.read_bytes():
            yield from _differences(str(name), old, new)


def _differences(name: str, old: Path, new: Path) -> Iterator[tuple[str, str, str, str, str]]:
    if old.suffix != ".yml":
        pairs = enumerate(zip(old.read_text().splitlines(), new.read_text().splitlines(), strict=False), 1)
        yield from ((name, f"line {n}", a.strip(), b.strip(), "") for n, (a, b) in pairs if a != b)
        return
    import yaml  # noqa: PLC0415 - of the test group only

    one, other = (dict(_leaves(yaml.safe_load(path.read_text()))) for path in (old, new))
    for key in [*one, *(key for key in other if key not in one)]:
        a, b = one.get(key), other.get(key)
        if a != b:
            yield name, key, _text(a), _text(b), _distance(a, b)


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


def _distance(old: Any, new: Any) -> str:
    if isinstance(old, float) and isinstance(new, float):
        return f"{abs(new - old) / float(np.spacing(max(abs(old), abs(new)))):.4g} ulp, {abs(new - old):.3g}"
    return ""


def _show(rows: list[tuple[str, str, str, str, str]]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 200)
    if not rows:
        console.print("regen: nothing changed")
        return
    table = Table("golden", "what", "old", "new", "by how much", box=None, pad_edge=False)
    for row in rows[:MOST_ROWS]:
        table.add_row(*row)
    console.print(table)
    more = f" (the first {MOST_ROWS} are shown)" if len(rows) > MOST_ROWS else ""
    console.print(f"regen: {len(rows)} changes{more}")


if __name__ == "__main__":
    raise SystemExit(main())
