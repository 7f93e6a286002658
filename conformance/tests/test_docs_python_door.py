"""docs/python_door.md, whose commands test_docs plays: with a mistake in a snippet the same command fails."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from doc_pages import blocks
from kit_pytest import search_path

PAGE = Path(__file__).parents[2] / "docs" / "python_door.md"


def run(folder, line, change=None):
    """Write the page's files, changed where asked for, and run one of its commands there."""
    for name, text in [(b.said, b.text) for b in blocks(PAGE.read_text(encoding="utf-8")) if b.kind == "file"]:
        old, new = (change or {}).get(name, ("", ""))
        assert old in text
        (folder / name).write_text(text.replace(old, new) if old else text, encoding="utf-8")
    words = [sys.executable, "-m", *shlex.split(line)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["PYTHONPATH"] = search_path(folder)
    return subprocess.run(words, cwd=folder, env=environment, check=False, capture_output=True, text=True)


CHANGES = [
    ("backproof check my_file.py:my_net --no-autograd", "my_file.py", ("a[l] * (1 - a[l]) * (", "(")),
    ("backproof check grads.py:my_grads --no-autograd", "grads.py", ("a[l] * (1 - a[l]) * (", "(")),
    ("pytest --backproof my_file.py:my_net -q -k verdict", "my_file.py", ("a[-1] - y", "y - a[-1]")),
    ("pytest test_mine.py -q -k verdict", "my_file.py", ("d.sum(axis=0)", "d.mean(axis=0)")),
]


@pytest.mark.parametrize(("line", "name", "change"), CHANGES, ids=[line for line, _, _ in CHANGES])
def test_with_a_mistake_in_the_snippet_the_same_command_fails(tmp_path, line, name, change):
    done = run(tmp_path, line, {name: change})
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is not E" in done.stdout
