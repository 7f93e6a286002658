"""What the tests of real packages share: absent packages, expectation files, kit-free reproductions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import backproof
from backproof.api import check
from backproof.case import DTYPES
from backproof.catalogue import get_case
from backproof.loading import BUNDLED, load_subject

ROOT = Path(__file__).parents[2]
EXPECTATIONS = Path(backproof.__file__).parent / "expectations"
INTERPRETERS = {".py": sys.executable, ".mjs": "node"}
FANN = ("-lfloatfann", "-lm")
# tinygrad schedules and compiles every update anew, 5 minutes for the catalogue; `backproof matrix` judges all of it.
FEW = {
    "tinygrad": (
        "sigmoid-regression",
        "tanh-binary",
        "large-rate",
        "mini-batch-regression",
        "negative-gelu",
    )
}


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


def judged(name, entries=None, folder=None):
    """Judge a subject as `check NAME --expect FILE` does, without autograd; entries: others than those of its file."""
    need(name)
    path = EXPECTATIONS / f"{name}.toml"
    if entries is not None:
        path = folder / f"{name}.toml"
        tables = ("".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items()) for entry in entries)
        path.write_text("".join(f"[[expected]]\n{table}" for table in tables), encoding="utf-8")
    slugs = FEW.get(name)
    cases = [get_case(slug, dtype) for dtype in DTYPES for slug in slugs] if slugs else None
    with load_subject(name) as subject:
        return check(subject, cases, autograd=False, expect=path if path.is_file() else None)


def assert_as_expected(name):
    """Hold what deviates against the expectation file, in both directions."""
    result = judged(name)
    assert result.judged.deviations == []
    assert result.unmet == ()
    assert result.report["errors"] == []
    assert result.conforms
    assert [entry["deviations"] > 0 for entry in result.report["expectations"]] == [True] * len(expected(name))
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
