"""The README is what happens: its ten lines run, its outputs are what the commands print."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
WRONG = "deltas[l - 1] = deltas[l] @ case.layers[l].weights"
RIGHT = "deltas[l - 1] = a[l] * (1 - a[l]) * (deltas[l] @ case.layers[l].weights)"


def block(kind, name):
    """The code block behind a marker such as `<!-- output: wrong -->`."""
    text = README.read_text(encoding="utf-8")
    return re.search(rf"<!-- {kind}: {name} -->\n```\w+\n(.*?)```", text, re.DOTALL).group(1)


def check(folder, code):
    (folder / "my_file.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "backproof", "check", "my_file.py:my_net"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def closing(printed):
    """What the README shows: the first deviation, where there is one, and the verdict."""
    lines = printed.splitlines()
    start = next((n for n, line in enumerate(lines) if line == "first deviation"), len(lines) - 2)
    return "\n".join(lines[start:]) + "\n"


def told(printed):
    """All of it where torch is installed; without autograd there are fewer checks, and the counts are left out."""
    if importlib.util.find_spec("torch") is not None:
        return printed
    return re.sub(r"\d+ (checks|passed|reduced|vacuous|deviated|downstream)", r"\1", printed)


def test_the_ten_lines_with_the_mistake_exit_1_and_name_the_equation(tmp_path):
    done = check(tmp_path, block("example", "wrong"))
    assert done.returncode == 1
    assert told(closing(done.stdout)) == told(block("output", "wrong"))
    assert "layer 1" in done.stdout
    assert "E17 `delta-rule`" in done.stdout


def test_the_same_lines_corrected_exit_0(tmp_path):
    code = block("example", "wrong")
    assert WRONG in code
    assert RIGHT in README.read_text(encoding="utf-8")
    done = check(tmp_path, code.replace(WRONG, RIGHT))
    assert done.returncode == 0
    assert told(closing(done.stdout)) == told(block("output", "right"))


def test_nan_everywhere_exits_1(tmp_path):
    done = check(tmp_path, block("example", "wrong").replace("a, deltas = [x]", "a, deltas = [x * np.nan]"))
    assert done.returncode == 1
    assert "nan is not a finite number" in done.stdout


def test_a_subject_that_raises_exits_3(tmp_path):
    code = block("example", "wrong").replace("a, deltas =", "raise OSError('no luck')\n    a, deltas =")
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
