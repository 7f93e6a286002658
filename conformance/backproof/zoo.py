"""Where the adapters in other languages are: conformance/zoo of a clone; they do not ship with the package."""

from __future__ import annotations

from pathlib import Path

HERE = Path("conformance", "zoo")


def zoo_folder() -> Path:
    """Return the folder of the adapters: that of the clone we stand in, or else that of our own source."""
    found = Path.cwd() / HERE
    return found if found.is_dir() else Path(__file__).parents[1] / "zoo"
