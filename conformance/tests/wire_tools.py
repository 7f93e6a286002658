"""What the tests of the wire need: tools that may be missing, processes that may be left behind, the wrong programs."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

HOSTILE = Path(__file__).parent / "hostile"
PYTHON = sys.executable


def require(name, found):
    """Skip for want of a tool, and say which; where CI is set, a missing tool is a failure."""
    if not found:
        message = f"not run: {name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


def tool(name):
    """Return the path of a program, or skip."""
    require(name, shutil.which(name))
    return shutil.which(name)


def command(name):
    """Return the words that run one of the wrong programs."""
    return [PYTHON, str(HOSTILE / f"{name}.py")]


def quoted(name):
    """Return the same as one text, as on the command line."""
    return " ".join(command(name))


def alive(marker):
    """Return the processes whose command line holds a text, zombies aside."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = folder.joinpath("cmdline").read_bytes().decode("utf-8", "replace")
            state = folder.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            continue
        if marker in words and state not in "ZX" and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def left_behind(marker, seconds=2.0):
    """Return what is still there of a program after a moment."""
    deadline = time.monotonic() + seconds
    while (found := alive(marker)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found
