"""Running pytest as an adopter does, in a process and a folder of its own, with the plug-in found as when installed."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

from kit_subjects import HERE

ROOT = Path(__file__).parents[2]


def declared():
    """The plug-ins that pyproject.toml declares."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]["pytest11"]


def search_path(folder):
    """Where to find everything; in a source tree the entry points of pyproject.toml are written there as pip would."""
    found = [str(HERE.parent), *(entry for entry in sys.path if entry)]
    if not any(point.name == "backproof" for point in entry_points(group="pytest11")):
        info = folder / "site" / "backproof_plugin-0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: backproof-plugin\nVersion: 0\n", encoding="utf-8")
        lines = "".join(f"{name} = {value}\n" for name, value in declared().items())
        (info / "entry_points.txt").write_text(f"[pytest11]\n{lines}", encoding="utf-8")
        found.insert(0, str(info.parent))
    return os.pathsep.join(found)


def run_pytest(folder, *words, **files):
    """Write the files into the folder, by their stems, run pytest there, and return the completed process."""
    for stem, text in files.items():
        (folder / f"{stem}.py").write_text(text, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["PYTHONPATH"] = search_path(folder)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), *words]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


def counts(done):
    """The counts of the closing line, such as {"passed": 3, "skipped": 1}."""
    words = done.stdout.strip().splitlines()[-1].strip("= ").split(" in ")[0].split(", ")
    return {word.split()[1]: int(word.split()[0]) for word in words if word[:1].isdigit()}
