"""A rubric: which files are submissions, what each may take, and the points of each clause (docs/grading.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from backproof.case import DTYPES, Case
from backproof.catalogue import all_cases, get_case
from backproof.errors import UsageError
from backproof.toml_files import read_toml
from backproof_spec import UnknownClauseError, get_clause

KNOWN = "subject or command, files, time_limit, request_limit, memory, dtypes, cases, points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """What a submission is, what it may take, and what each clause is worth.

    points: by clause id; files: a pattern below the folder; time_limit: seconds that a submission may run in all;
    request_limit: seconds for one answer; memory: as on the command line; cases: empty for the catalogue.
    """

    points: dict[str, float]
    subject: str = ""
    command: str = ""
    files: str = "*.py"
    time_limit: float = 120.0
    request_limit: float = 30.0
    memory: str | None = None
    dtypes: tuple[str, ...] = DTYPES
    cases: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """The points of a submission in which every clause conforms."""
        return sum(self.points.values())

    @property
    def selected(self) -> bool:
        """Whether the cases are a choice, not the whole catalogue."""
        return bool(self.cases) or self.dtypes != DTYPES

    def chosen(self) -> list[Case]:
        """Return the cases that every submission is judged on."""
        if self.cases:
            return [get_case(slug, dtype) for dtype in self.dtypes for slug in self.cases]
        return [case for dtype in self.dtypes for case in all_cases(dtype)]


def load_rubric(path: Path) -> Rubric:
    """Return the rubric of a TOML file. Raises UsageError with the file, the field and what is wrong with it."""
    return _rubric(path, read_toml(path, "rubric-1", option="--rubric", expected=KNOWN, told=_told))


def _told(error: Any) -> str:
    place = error.json_path.removeprefix("$").removeprefix(".")
    where = f"field {place}" if place else "the file"
    if error.validator == "oneOf":
        return "name the function in each file (subject) or a program (command), one of the two"
    if error.validator == "pattern":
        expected = 'the name of the function in each file, as in subject = "my_net"'
        return f"{where}: expected {expected}, not {error.instance!r}; which files: `files`"
    entry = ', and points as one [[points]] with clause = "E17" and points = 4 for each clause'
    return f"{where}: {error.message}; a rubric has {KNOWN}{entry if place.startswith('points') else ''}"


def _rubric(path: Path, data: dict[str, Any]) -> Rubric:
    points: dict[str, float] = {}
    for number, entry in enumerate(data["points"]):
        try:
            clause = get_clause(entry["clause"]).id
        except UnknownClauseError as error:
            msg = f"--rubric {path}: field points[{number}].clause: {error}"
            raise UsageError(msg) from error
        if clause in points:
            msg = f"--rubric {path}: field points[{number}].clause: {clause} has its points already"
            raise UsageError(msg)
        points[clause] = float(entry["points"])
    pattern = PurePath(data.get("files", "*.py"))
    if pattern.is_absolute() or ".." in pattern.parts:
        msg = f"--rubric {path}: field files: expected a pattern below the folder, not {data['files']!r}"
        raise UsageError(msg)
    if "command" in data and "{file}" not in data["command"]:
        msg = f'--rubric {path}: field command: expected {{file}} where the submission stands, as in "node {{file}}"'
        raise UsageError(msg)
    lists: dict[str, Any] = {name: tuple(data[name]) for name in ("dtypes", "cases") if name in data}
    made = Rubric(**{**data, "points": points, **lists})
    try:
        made.chosen()
    except UsageError as error:
        msg = f"--rubric {path}: field cases: {error}"
        raise UsageError(msg) from error
    return made
