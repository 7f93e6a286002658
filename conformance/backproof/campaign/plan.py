"""The plan of a campaign, read from TOML, and its cells."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path
from typing import Any

from backproof.case import DTYPES
from backproof.catalogue.large import LARGE
from backproof.catalogue.narrow import NARROW
from backproof.errors import UsageError
from backproof.installed import installed_subjects
from backproof.loading import BUNDLED, unknown_subject
from backproof.toml_files import read_toml

CATALOGUE, DRAWN = "catalogue", "drawn"
FAMILIES = (CATALOGUE, DRAWN, *NARROW, *LARGE)


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of work: a subject on the cases of one family, seed and dtype, on one device.

    seed: None for families without one; cases, widest, deepest: of the drawn cases; shrink: how many cases may be tried
    for the smallest that deviates; source: a digest of the subject's file, so that a changed one is judged anew.
    """

    subject: str
    family: str
    seed: int | None
    dtype: str
    device: str
    cases: int
    widest: int
    deepest: int
    shrink: int
    source: str

    @property
    def key(self) -> str:
        """The name of the cell's file: the same for the same work by the same version."""
        text = json.dumps([asdict(self), _version()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @property
    def label(self) -> str:
        """The cell in a few words."""
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"{self.subject}: {self.family}{seed} ({self.dtype}, {self.device})"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign judges: its cells, in the order of the merged report."""

    cells: tuple[Cell, ...]


def read_plan(path: Path) -> Plan:
    """Return the plan of a TOML file. Raises UsageError with the file, the entry and what is wrong with it."""
    data = read_toml(path, "campaign-1", option="", expected="subjects and what to judge them on", told=_told)
    for family in data.get("families", ()):
        if family not in FAMILIES:
            msg = f"{path}: families: unknown {family!r}; the known ones are {', '.join(FAMILIES)}"
            raise UsageError(msg)
    return Plan(tuple(_cells(data, path.resolve().parent)))


def _told(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path)) or "the file"
    return f"{where}: {error.message}"


@cache
def _version() -> str:
    try:
        return version("backproof")
    except PackageNotFoundError:
        return ""


def _cells(data: dict[str, Any], folder: Path) -> list[Cell]:
    seeds = data.get("seeds", [1])
    if isinstance(seeds, dict):
        seeds = list(range(seeds["first"], seeds["first"] + seeds["count"]))
    drawn = data.get("drawn", {})
    found = []
    for name, family in product(data["subjects"], data.get("families", [CATALOGUE])):
        subject, source = _target(name, folder)
        own_seeds = seeds if family == DRAWN else [None]
        for seed, dtype, device in product(own_seeds, data.get("dtypes", DTYPES), data.get("devices", ["cpu"])):
            found.append(
                Cell(
                    subject=subject,
                    family=family,
                    seed=seed,
                    dtype=dtype,
                    device=device,
                    cases=drawn.get("cases", 20),
                    widest=drawn.get("widest", 8),
                    deepest=drawn.get("deepest", 4),
                    shrink=data.get("shrink", 200),
                    source=source,
                )
            )
    return found


def _target(name: str, folder: Path) -> tuple[str, str]:
    """Return a subject as workers find it, with the digest of its file, if it is one."""
    where, colon, function = name.rpartition(":")
    if not colon:
        if name not in BUNDLED and name not in installed_subjects():
            raise unknown_subject(name, [*BUNDLED, *installed_subjects()])
        return name, ""
    if not where.endswith(".py"):
        return name, ""
    path = (folder / where).resolve()
    if not path.is_file():
        msg = f"subjects: no file {path} (from {name!r}); a file is looked for beside the plan"
        raise UsageError(msg)
    return f"{path}:{function}", hashlib.sha256(path.read_bytes()).hexdigest()[:20]
