"""docs/wire.md is what happens: its adapter runs, its mistakes print what the page says, its lines are what is sent."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from doc_pages import changed, comparable
from jsonschema import Draft202012Validator
from kit_commands import BACKPROOF, ENVIRONMENT
from wire_tools import tool

from backproof.catalogue import get_case
from backproof.wire import messages

PAGE = Path(__file__).parents[2] / "docs" / "wire.md"
TEXT = PAGE.read_text(encoding="utf-8")
MISTAKES = re.findall(r"<!-- mistake: (\w+) -->", TEXT)
QUICK = {"flush": ("--timeout", "2")}


def block(kind, name):
    return re.search(rf"<!-- {kind}: {re.escape(name)} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL).group(1)


def printed(folder, code, *words):
    """Run a command on net.py in a folder of its own; what it prints, with the version of the page."""
    tool("python3")
    (folder / "net.py").write_text(code, encoding="utf-8")
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONUNBUFFERED"}
    command = [*BACKPROOF, words[0], "--command", "python3 net.py", *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout.replace(f"({messages.kit_version()})", "(0.1.0)")


def closing(text):
    lines = text.splitlines(keepends=True)
    start = next((n for n, line in enumerate(lines) if line == "first deviation\n"), len(lines) - 2)
    return "".join(lines[start:])


def test_the_adapter_of_the_page_is_well(tmp_path):
    assert printed(tmp_path, block("file", "net.py"), "doctor") == (0, block("output", "doctor"))


def test_the_adapter_of_the_page_conforms(tmp_path):
    status, text = printed(tmp_path, block("file", "net.py"), "check", "--no-autograd")
    assert (status, closing(text)) == (0, block("output", "right"))


def test_code_of_ones_own_in_javascript_is_judged_in_fewer_than_fifteen_lines(tmp_path):
    """And the mistake that one makes in it is named."""
    tool("node")
    for name in ("mine.mjs", "adapter.mjs"):
        (tmp_path / name).write_text(block("file", name), encoding="utf-8")
    command = [*BACKPROOF, "check", "--command", "node adapter.mjs", "--no-autograd"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert (done.returncode, closing(done.stdout)) == (0, block("output", "own"))
    assert len(block("file", "adapter.mjs").splitlines()) < 15
    wrong = block("file", "mine.mjs").replace("v * (1 - v) * dot", "dot")
    (tmp_path / "mine.mjs").write_text(wrong, encoding="utf-8")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 1
    assert "It agrees with `derivative-missing`" in done.stdout


def test_the_bug_of_the_page_is_named(tmp_path):
    code = changed(block("file", "net.py"), block("mistake", "bug"))
    status, text = printed(tmp_path, code, "check", "--no-autograd")
    assert (status, comparable(closing(text))) == (1, comparable(block("output", "bug")))


def wrong_lines(text):
    lines = text.splitlines(keepends=True)[:-1]
    start = next(n for n, line in enumerate(lines) if line.startswith("WRONG"))
    return "".join(line for line in lines[start:] if not line.startswith("ok "))


def test_the_steps_lead_from_one_message_to_the_next(tmp_path):
    """Each step mends what the doctor said of the one before."""
    code, told = block("file", "first.py"), ["first"]
    steps = re.findall(r"<!-- step: (\w+) -->", TEXT)
    for name in ["first", *steps]:
        code = code if name == "first" else changed(code, block("step", name))
        if f"<!-- output: {name} -->" not in TEXT:
            continue
        status, text = printed(tmp_path, code, "doctor")
        assert status == 3
        assert wrong_lines(text).startswith(block("output", name).rstrip("\n")), name
        assert ("NameError: name 'math' is not defined" in text) == (name == "show")
        told.append(name)
    assert len(told) == 5
    shared = [line for line in code.splitlines() if line and "case[" not in line and "return {" not in line]
    assert [line for line in shared if line not in block("file", "net.py") and "a.append" not in line] == []


@pytest.mark.parametrize("name", [name for name in MISTAKES if name != "bug"])
def test_every_mistake_prints_what_the_page_says(name, tmp_path):
    code = changed(block("file", "net.py"), block("mistake", name))
    status, text = printed(tmp_path, code, "doctor", *QUICK.get(name, ()))
    assert status == 3
    assert wrong_lines(text) == block("output", name)


def test_the_lines_of_the_page_are_what_is_sent():
    sent = json.loads(messages.hello()) | {"kit": "0.1.0"}
    assert json.loads(block("line", "hello")) == sent
    assert block("line", "run").encode() == messages.run(1, get_case("one-neuron-a-layer"))


def test_every_schema_that_the_page_names_ships():
    names = re.findall(r"wire-([a-z-]+)-1\.json", TEXT)
    assert set(names) >= {"hello", "hello-answer", "run", "answer", "bye"}
    for name in names:
        Draft202012Validator.check_schema(messages.schema(name).data)


def test_the_page_is_linked_and_shows_many_mistakes():
    """The negative twin: a page without its examples would pass everything above."""
    assert "\nwire\n" in PAGE.with_name("index.md").read_text(encoding="utf-8")
    assert len(MISTAKES) >= 10
