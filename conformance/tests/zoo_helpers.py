"""What the tests of real packages share: absent packages, expectation files, kit-free reproductions."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import backproof
from backproof.api import check
from backproof.loading import BUNDLED, load_subject

ROOT = Path(__file__).parents[2]
EXPECTATIONS = Path(backproof.__file__).parent / "expectations"
INTERPRETERS = {".py": sys.executable, ".mjs": "node"}
FANN = ("-lfloatfann", "-lm")


def need(name):
    """Skip, saying why, where a subject's package is absent; fail instead if BACKPROOF_ZOO=required."""
    if BUNDLED[name].available:
        return
    reason = f"{name} is {BUNDLED[name].status}"
    if os.environ.get("BACKPROOF_ZOO") == "required":
        pytest.fail(f"BACKPROOF_ZOO=required: {reason}")
    pytest.skip(reason)


def expected(name):
    """Return the expected deviations of a subject; none where it has no file."""
    path = EXPECTATIONS / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["expected"] if path.is_file() else []


def drift(deviations, entries):
    """Return the deviations that no entry expects, and the entries that no deviation meets."""

    def meets(finding, entry):
        wanted = {key: entry[key] for key in ("clause", "case", "dtype") if key in entry}
        return all(getattr(finding, key) == value for key, value in wanted.items())

    unexpected = {(f.clause, f.case, f.dtype) for f in deviations if not any(meets(f, entry) for entry in entries)}
    return unexpected, [entry for entry in entries if not any(meets(f, entry) for f in deviations)]


def judged(name):
    """Judge a subject on everything, without autograd."""
    need(name)
    with load_subject(name) as subject:
        return check(subject, autograd=False)


def assert_as_expected(name):
    """Hold what deviates against the expectation file, in both directions."""
    result = judged(name)
    assert drift(result.judged.deviations, expected(name)) == (set(), [])
    assert result.report["errors"] == []
    assert result.verdict == ("deviates" if expected(name) else "conforms")
    assert result.report["subject"]["version"]
    return result


def reproduce(path, folder):
    """Run a kit-free script, or compile it into a folder and run it; it exits 0 if the deviation is there."""
    script = ROOT / path
    assert "backproof" not in script.read_text(encoding="utf-8")
    if script.suffix == ".c":
        subprocess.run(["cc", "-Wall", "-o", str(folder / script.stem), str(script), *FANN], check=True)  # noqa: S607
        command = [str(folder / script.stem)]
    else:
        command = [INTERPRETERS[script.suffix], str(script)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
