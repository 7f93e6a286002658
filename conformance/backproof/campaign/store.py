"""The folder of a campaign: one file a cell, written aside and put in place, so that a killed run leaves whole ones."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from backproof.campaign.cell import SCHEMA
from backproof.campaign.plan import Cell
from backproof.errors import UsageError

REPRODUCTION = '''"""{subject} deviates from {clause} `{slug}`: exit status 1 for as long as it does."""

import json
from pathlib import Path

import backproof
from backproof.wire.cases import read_case

case = read_case(json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")))
result = backproof.check({subject!r}, [case], autograd=False, device={device!r})
print(result)
raise SystemExit(int(result.judged.exit))
'''


class Store:
    """The finished cells and the reproductions below a folder."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, if need be. Raises UsageError where that cannot be."""
        self.folder, self.cells, self.reproductions = folder, folder / "cells", folder / "reproductions"
        try:
            self.cells.mkdir(parents=True, exist_ok=True)
            self.reproductions.mkdir(exist_ok=True)
        except OSError as error:
            msg = f"{folder}: cannot be made a folder of results: {error.strerror}"
            raise UsageError(msg) from error

    def finished(self, cell: Cell) -> dict[str, Any] | None:
        """Return a cell that is on disk; None where it is not, or is no whole cell (it is judged again)."""
        try:
            data = json.loads((self.cells / f"{cell.key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return data if isinstance(data, dict) and data.get("schema") == SCHEMA else None

    def keep(self, cell: Cell, data: dict[str, Any]) -> None:
        """Write a finished cell, and a program that reproduces each of its deviations."""
        for deviation in data["deviations"]:
            if deviation["smallest"] is not None:
                name = reproduction_name(cell.key, deviation["clause"])
                _replace(self.reproductions / f"{name}.json", _text(deviation["smallest"]))
                program = REPRODUCTION.format(
                    subject=cell.subject, clause=deviation["clause"], slug=deviation["slug"], device=cell.device
                )
                _replace(self.reproductions / f"{name}.py", program)
        _replace(self.cells / f"{cell.key}.json", _text(data))


def reproduction_name(key: str, clause: str) -> str:
    """Return the name of a reproduction's files, without their endings."""
    return f"{key}-{clause}"


def _text(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _replace(path: Path, text: str) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with aside.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(path)
