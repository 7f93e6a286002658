"""README and docs are what happens: every block is run, every link leads somewhere, every command exists."""

import importlib.util
import json
import re
import shlex
from dataclasses import replace
from importlib.resources import files

import pytest
from doc_pages import ROOT, Story, blocks, unmarked
from jsonschema import Draft202012Validator

from backproof.cli.main import parser
from backproof_spec import clauses

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
# Markers that a test of the page's own looks after.
ELSEWHERE = {"wire.md": ("mistake", "line", "step")}
OWN_TESTS = {"wire.md": "test_wire_docs.py"}
NEEDS_TORCH = {"python_door.md"}
IDS = [page.stem for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_block_of_a_page_is_run(page):
    assert unmarked(page.read_text(encoding="utf-8"), ELSEWHERE.get(page.name, ())) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in OWN_TESTS], ids=lambda page: page.stem)
def test_a_page_is_what_happens(page, tmp_path):
    if page.name in NEEDS_TORCH and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: the page's torch snippets cannot run")
    Story(tmp_path).play(page.read_text(encoding="utf-8"))


def schema_errors(one):
    """What is wrong with a block of JSON, by the schema that its marker names."""
    schema = json.loads(files("backproof.schemas").joinpath(f"{one.said}.json").read_text(encoding="utf-8"))
    return [error.message for error in Draft202012Validator(schema).iter_errors(json.loads(one.text))]


def test_what_pages_show_as_json_is_valid():
    found = [one for page in PAGES for one in blocks(page.read_text(encoding="utf-8")) if one.kind == "json"]
    assert found
    assert [schema_errors(one) for one in found] == [[] for _ in found]
    assert schema_errors(replace(found[0], text="{}"))


def test_pages_with_tests_of_their_own_have_them():
    for name, test in OWN_TESTS.items():
        text = (ROOT / "conformance" / "tests" / test).read_text(encoding="utf-8")
        assert f'"{name}"' in text


LIES = {
    "a status": ("<!-- run: 0 -->\n```sh\nbackproof explain E99\n```\n", "exit 2"),
    "an output": (
        "<!-- run: 0 -->\n```sh\npython -c 'print(1)'\n```\n<!-- output -->\n```text\n2\n```\n",
        "printed:\n1",
    ),
    "an end": (
        "<!-- run: 0 -->\n```sh\npython -c 'print(12)'\n```\n<!-- output: end -->\n```text\n1\n```\n",
        "says\n1",
    ),
    "a text": ("<!-- run: 0: two -->\n```sh\npython -c 'print(1)'\n```\n", "'two' is not printed"),
    "an example": ("```pycon\n>>> 1 + 1\n3\n```\n", "Got:\n    2"),
    "a name": ("```pycon\n>>> a = 1\n```\n\n```pycon\n>>> a + 1\n3\n```\n", "Got:\n    2"),
    "a change": ("<!-- file: a -->\n```text\nx\n```\n<!-- change: a -->\n```diff\n-y\n+z\n```\n", "fits 0 times"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_page_that_lies_fails(name, tmp_path):
    page, told = LIES[name]
    with pytest.raises(AssertionError, match=re.escape(told)):
        Story(tmp_path).play(page)


def test_a_block_that_nothing_runs_is_noticed():
    page = "text\n```sh\nls\n```\n<!-- not run -->\n```sh\nls\n```\n<!-- not run: it is a picture -->\n```sh\nls\n```\n"
    assert unmarked(page) == [2, 5]
    assert len(blocks(page)) == 3


def prose(page):
    """A page without its fenced blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)


def inline(page):
    """The commands that a page mentions within a line."""
    return re.findall(r"`(backproof [a-z][^`]*)`", prose(page))


def accepted(line):
    """Whether the command line knows what a command asks for; words of a page such as FILE stand for any word."""
    words = [word.partition("|")[0] for word in shlex.split(line.replace("[", "").replace("]", ""))[1:]]
    words = ["python" if word == "LANGUAGE" else word for word in words if word != "..."]
    if len(words) == 1:  # the command itself is spoken of
        words.append("--help")
    try:
        parser().parse_args(words)
    except SystemExit as status:
        return status.code == 0
    return True


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_that_a_page_mentions_is_one(page, capsys):
    assert [line for line in inline(page) if not accepted(line)] == []
    capsys.readouterr()


def test_a_command_that_is_none_is_noticed(capsys):
    assert accepted("backproof check numpy --json FILE")
    assert not accepted("backproof check numpy --jason FILE")
    assert not accepted("backproof chek numpy")
    capsys.readouterr()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_relative_link_leads_to_a_file(page):
    links = re.findall(r"\]\(((?!https?:|#)[^)#\s]+)", prose(page))
    made = {"generated/equations.md"}
    assert [link for link in links if link not in made and not (page.parent / link).exists()] == []


def test_every_page_is_in_the_table_of_contents():
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = "\n".join(re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).split()
    pages = {page.stem for page in PAGES if page.parent.name == "docs"} - {"index"}
    assert pages <= set(listed)


def test_the_page_of_the_equations_has_every_clause_with_its_code_and_its_mutants(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    from equation_page import equation_page

    text = equation_page()
    for clause in clauses():
        assert f"### {clause.id} {clause.slug}\n" in text
        assert f"$$\n{clause.latex}\n$$" in text
        assert f"def {clause.function.__name__}" in text
    assert "- `derivative-missing`: " in text
    assert "`spec/tests/spec_proofs_delta.py` accepts it and rejects" in text
    assert text.count("**Proof**: none") == len([clause for clause in clauses() if clause.id.startswith("B-")])


def test_the_example_for_github_runs_a_command_that_exists(capsys):
    import yaml

    page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    (text,) = [one.text for one in blocks(page) if one.language == "yaml"]
    steps = yaml.safe_load(text)["jobs"]["backproof"]["steps"]
    lines = [step["run"] for step in steps if step.get("run", "").startswith("backproof")]
    assert lines
    assert [line for line in lines if not accepted(line)] == []
    capsys.readouterr()
