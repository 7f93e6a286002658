"""The kit's own test: it catches every mutant, fails nothing that is right, points at the clause, names the bug."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backproof.api import check
from backproof.catalogue import all_cases
from backproof.errors import UsageError
from backproof.loading import load_subject
from backproof.mutants import MUTANTS
from backproof.mutants.matrix import Row
from backproof.mutants.power import one_sided, power_of
from backproof.processes import in_processes

LEAST_LOCALISED = 0.97
LEAST_NAMED = 0.90


@dataclass(frozen=True, slots=True)
class Stranger:
    """One independently written program: what it is, what the kit said, and the first suggestion."""

    name: str
    expected: str
    verdict: str
    suggestion: str

    @property
    def judged_right(self) -> bool:
        """Whether a correct program conforms and a wrong one deviates."""
        return self.verdict == ("conforms" if self.expected == "correct" else "deviates")

    @property
    def named_right(self) -> bool:
        """Whether the first suggestion is the bug; no suggestion is right for what is no mutant."""
        return self.suggestion == ("none" if self.expected == "correct" else self.expected)


def strangers(folder: Path, jobs: int, every: int = 1) -> list[Stranger]:
    """Judge the programs that folder/expected.toml names; every: only each n-th of them.

    Raises UsageError where the file or a program is missing.
    """
    table = folder / "expected.toml"
    if not table.is_file():
        msg = f"--independent {folder}: there is no expected.toml in it"
        raise UsageError(msg)
    entries = tomllib.loads(table.read_text(encoding="utf-8"))
    tasks = [
        (str(folder / group / f"{name}.py"), expected)
        for group, names in entries.items()
        for name, expected in names.items()
    ]
    return list(in_processes(_stranger, tasks[::every], jobs))


def _stranger(task: tuple[str, str]) -> Stranger:
    path, expected = task
    result = check(load_subject(f"{path}:net"), autograd=False)
    first = result.diagnosis[0].name if result.diagnosis else "none"
    return Stranger(Path(path).stem, expected, result.verdict, first)


def summary(rows: Sequence[Row], counter: Sequence[tuple[str, str, list[str]]], found: Sequence[Stranger]) -> list[Any]:
    """Return (what, how many, of how many, whether that is enough) for each promise."""
    lines: list[Any] = []
    for dtype in dict.fromkeys(row.dtype for row in rows):
        for shown in dict.fromkeys(row.shown for row in rows):
            here = [row for row in rows if (row.dtype, row.shown) == (dtype, shown)]
            real = [row for row in here if not row.equivalent]
            killed = sum(row.holds for row in real)
            equal = len(here) - len(real)
            text = f"mutants killed in every case that exercises them, {dtype}, {shown} shown"
            text += f" ({equal} equivalent there)" if equal else ""
            lines.append((text, killed, len(real), killed == len(real)))
            if shown == "everything":
                right = sum(row.localised for row in real)
                enough = right >= LEAST_LOCALISED * len(real)
                lines.append((f"mutants whose first deviation is by their clause, {dtype}", right, len(real), enough))
    failed = sum(verdict != "conforms" for _, verdict, _ in counter)
    lines.append(("correct implementations failed", failed, len(counter), failed == 0))
    powers = power_of(rows)
    if len({row.mutant for row in rows}) == len(MUTANTS):
        strong = sum(power.enough for power in powers)
        text = "cases that kill what at most half of the others kill"
        lines.append((text, strong, len(powers), strong == len(powers)))
        lines.append(("ways in which all cases are alike, and must not be", *_one_sided()))
    if found:
        judged = sum(stranger.judged_right for stranger in found)
        lines.append(("independent programs judged right", judged, len(found), judged == len(found)))
        known = [stranger for stranger in found if stranger.expected not in ("none", "correct")]
        named = sum(stranger.named_right for stranger in known)
        lines.append(("their bugs named first", named, len(known), named >= LEAST_NAMED * len(known)))
        others = [stranger for stranger in found if stranger.expected in ("none", "correct")]
        silent = sum(stranger.named_right for stranger in others)
        lines.append(
            ("unknown bugs and right programs without a suggestion", silent, len(others), silent == len(others))
        )
    return lines


def _one_sided() -> tuple[int, int, bool]:
    blind = one_sided(all_cases())
    return len(blind), 0, not blind


def powers_as_data(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the power of each case as the golden's data."""
    return {
        power.case: {"kills": power.kills, "rarest": power.rarest, "killers": power.killers, "cases": power.cases}
        for power in power_of(rows)
    }


def as_data(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the kill matrix as the golden's data: by mutant and setting, how many cases exercise and kill it."""
    found: dict[str, Any] = {}
    for row in rows:
        entry = found.setdefault(row.mutant, {})
        entry[f"{row.dtype}, {row.shown}"] = {
            "exercised": row.exercised,
            "killed": row.killed,
            "escaped": list(row.escaped),
            "equivalent": row.equivalent,
            "first": row.first_clause,
            "clauses": sorted({clause for cell in row.cells for clause in cell.clauses}),
        }
    return found
