"""docs/python_door.md is what happens: its files are written, its commands run, with the exit statuses it states."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from kit_pytest import search_path

PAGE = Path(__file__).parents[2] / "docs" / "python_door.md"
MARKED = re.compile(r"<!-- (file|run): (.+?) -->\n```(\w+)\n(.*?)```", re.DOTALL)
FENCED = re.compile(r"^```(\w+)$", re.MULTILINE)


def blocks(kind):
    """The marked code blocks of a kind: what the marker says, and the text."""
    text = PAGE.read_text(encoding="utf-8")
    return [(said, body) for marked, said, _, body in MARKED.findall(text) if marked == kind]


def run(folder, line, change=None):
    """Write the page's files, changed where asked for, and run one of its commands there."""
    for name, text in blocks("file"):
        old, new = (change or {}).get(name, ("", ""))
        assert old in text
        (folder / name).write_text(text.replace(old, new) if old else text, encoding="utf-8")
    words = [sys.executable, "-m", *shlex.split(line)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["PYTHONPATH"] = search_path(folder)
    return subprocess.run(words, cwd=folder, env=environment, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(("said", "body"), blocks("run"), ids=[body.strip() for _, body in blocks("run")])
def test_a_command_of_the_page_does_what_the_page_says(tmp_path, said, body):
    needs_torch = any(name in body for name in ("module.py", "function.py"))
    if needs_torch and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: the page's torch snippets cannot run")
    status, _, shown = said.partition(": ")
    done = run(tmp_path, body.strip())
    assert done.returncode == int(status), done.stdout + done.stderr
    assert shown in done.stdout


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


def test_every_code_block_is_run_but_the_one_for_pyproject():
    languages = [word for word in FENCED.findall(PAGE.read_text(encoding="utf-8")) if word]
    assert len(languages) == len(blocks("file")) + len(blocks("run")) + languages.count("toml")
    assert languages.count("toml") == 1
