"""Rewriting the goldens by their own tests (pytest --regen-all), and the kill matrix by the mutants."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from backproof.errors import BackproofError, UsageError
from backproof.mutants.matrix import matrix
from backproof.selftest import as_data


def write_goldens(folder: Path, before: Path, root: Path) -> None:
    """Write every golden into `folder`, beginning with a copy of what stands in `before`.

    Raises UsageError outside of the source tree, BackproofError where a test that writes one fails.
    """
    tests = root / "fixtures" / "tests"
    if not tests.is_dir():
        msg = f"there is no {tests}: regenerate in a clone of the repository, with an editable install"
        raise UsageError(msg)
    shutil.copytree(before, folder)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "golden", "--regen-all", str(tests)]
    environment = {**os.environ, "BACKPROOF_GOLDENS": str(folder)}
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own tests
        command, env=environment, cwd=root, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        msg = "the tests that write the goldens failed; nothing was changed"
        raise BackproofError(msg)


def write_matrix(path: Path, jobs: int) -> None:
    """Write the kill matrix of all mutants: minutes."""
    text = json.dumps(as_data(list(matrix(jobs))), indent=1, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8")
