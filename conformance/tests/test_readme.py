"""The README is what happens: its ten lines run, its outputs are what the commands print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from doc_pages import block
from picture_pages import RIGHT, WRONG

README = Path(__file__).parents[2] / "README.md"


def check(folder, code):
    (folder / "my_file.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "backproof", "check", "my_file.py:my_net"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_mistake_of_the_ten_lines_is_the_one_that_is_told(tmp_path):
    """What is printed is compared by test_docs; here, that it names equation and layer, and that one line mends it."""
    code = block(README.read_text(encoding="utf-8"), "file", "my_file.py")
    done = check(tmp_path, code)
    assert done.returncode == 1
    assert "Your delta of layer 1 is not E17 `delta-rule`" in done.stdout
    assert code.count(WRONG) == 1
    assert check(tmp_path, code.replace(WRONG, RIGHT)).returncode == 0


def test_nan_everywhere_exits_1(tmp_path):
    done = check(
        tmp_path,
        block(README.read_text(encoding="utf-8"), "file", "my_file.py").replace(
            "a, deltas = [x]", "a, deltas = [x * np.nan]"
        ),
    )
    assert done.returncode == 1
    assert "nan is not a finite number" in done.stdout


def test_a_subject_that_raises_exits_3(tmp_path):
    code = block(README.read_text(encoding="utf-8"), "file", "my_file.py").replace(
        "a, deltas =", "raise OSError('no luck')\n    a, deltas ="
    )
    done = check(tmp_path, code)
    assert done.returncode == 3
    assert "OSError: no luck" in done.stdout


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_the_figures_of_the_bundled_subjects_are_the_counts_of_their_reports(name):
    pytest.importorskip("torch", reason="the README's figures include autograd, which needs torch")
    from backproof.api import check as judge
    from backproof.loading import load_subject

    counts = judge(load_subject(name)).report["counts"]
    text = README.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.endswith(f"| `backproof check {name}` |"))
    if name == "numpy":
        assert f"{counts['checks']} of {counts['checks']} in {counts['cases']} cases" in line
        assert counts["deviated"] == counts["downstream"] == 0
        assert f"({counts['vacuous']} of them vacuous)" in line
    else:
        assert f"| {counts['deviated']} of {counts['checks']} in {counts['cases']} cases |" in line


def test_every_figure_has_its_command():
    """A figure that no command prints is not there."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    figures = [row for row in rows if row[0] != "figure" and not row[0].startswith("-")]
    assert figures
    for figure, _, command in figures:
        assert command.startswith("`"), figure


@pytest.mark.parametrize("name", ["E17", "E24", "V1"])
def test_what_the_readme_tells_to_read_exists(name):
    done = subprocess.run(
        [sys.executable, "-m", "backproof", "explain", name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.startswith(name)) == (0, True)
