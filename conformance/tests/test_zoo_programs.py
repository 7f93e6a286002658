"""Real packages in JavaScript and C, judged through the wire: what deviates is expected, and shown without the kit."""

from __future__ import annotations

import pytest
from kit_commands import run
from zoo_helpers import ROOT, assert_as_expected, expected, need, reproduce

from backproof.errors import UsageError
from backproof.loading import load_subject

PACKAGES = ("brain.js", "convnetjs", "synaptic", "fann")
REPRODUCTIONS = sorted({(name, entry["reproduction"]) for name in PACKAGES for entry in expected(name)})

pytestmark = pytest.mark.zoo


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_deviates_where_it_is_expected_to_and_nowhere_else(name):
    result = assert_as_expected(name)
    assert result.report["subject"]["language"] in ("JavaScript", "C")


@pytest.mark.parametrize(("name", "script"), REPRODUCTIONS, ids=[script for _, script in REPRODUCTIONS])
def test_a_deviation_shows_without_the_kit(name, script, tmp_path):
    need(name)
    done = reproduce(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "right" in done.stdout


@pytest.mark.parametrize(
    ("name", "command"),
    [("convnetjs", "node conformance/zoo/npm/convnet.mjs"), ("fann", "conformance/zoo/fann/fann_net")],
)
def test_an_adapter_is_well_by_itself(name, command):
    need(name)
    done = run("doctor", "--command", command, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok    leaves on bye" in done.stdout


@pytest.mark.parametrize(
    ("name", "told"),
    [("synaptic", "npm ci --ignore-scripts --prefix conformance/zoo/npm$"), ("fann", "make -C conformance/zoo/fann$")],
)
def test_a_program_that_is_not_built_says_how_to_build_it(name, told, monkeypatch, tmp_path):
    """The negative twin of being there: a folder without it."""
    (tmp_path / "conformance" / "zoo").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"which is not there: .*{told}"):
        load_subject(name)
