"""JUnit XML: the same items from both doors, each with its outcome, whatever a subject says in an error."""

import os
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from kit_commands import SUBJECTS, check
from kit_pytest import search_path
from kit_subjects import few, one_wrong, right

from backproof.api import check as judge
from backproof.catalogue import get_case
from backproof.junit import junit_text

ONE = ("--case", "tanh-binary", "--case", "saturated-tanh", "--dtype", "float64")


def read(text):
    """Return (name, kind, message, properties) of every testcase, and the counts of the suite."""
    suite = ET.fromstring(text).find("testsuite")  # noqa: S314 - our own text
    found = []
    for case in suite.iter("testcase"):
        kind = next((name for name in ("failure", "error", "skipped") if case.find(name) is not None), "passed")
        told = "" if kind == "passed" else case.find(kind).get("message")
        found.append((case.get("name"), kind, told, {p.get("name"): p.get("value") for p in case.iter("property")}))
    return found, {name: int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")}


def kinds(text):
    found = [kind for _, kind, _, _ in read(text)[0]]
    return {kind: found.count(kind) for kind in ("passed", "failure", "error", "skipped")}


@pytest.fixture(scope="module")
def wrong():
    cases = [get_case(slug) for slug in ("tanh-binary", "saturated-tanh")]
    return junit_text(judge(one_wrong, cases, autograd=False, target="my_file.py:my_net"), "my_file.py:my_net")


def test_the_counts_are_those_of_the_testcases(wrong):
    found, counts = read(wrong)
    seen = kinds(wrong)
    assert counts == {
        "tests": len(found),
        "failures": seen["failure"],
        "errors": seen["error"],
        "skipped": seen["skipped"],
    }
    assert seen["failure"] == 2  # E17 in tanh-binary, and the verdict
    assert seen["passed"] > 10


def test_a_failure_says_what_and_how_to_see_it_again(wrong):
    failed = [entry for entry in read(wrong)[0] if entry[1] == "failure"]
    assert [name for name, *_ in failed] == ["E17-delta-rule-tanh-binary-float64", "verdict"]
    assert "Your delta of layer 2 is not E17" in failed[0][2]
    assert "reproduce: backproof check my_file.py:my_net --case tanh-binary" in wrong


def test_a_right_subject_has_no_failure():
    text = junit_text(judge(right, [get_case("tanh-binary")], autograd=False))
    assert kinds(text)["failure"] == kinds(text)["error"] == 0
    assert read(text)[0][-1][:2] == ("verdict", "passed")


def test_an_incomplete_run_fails_by_its_verdict_alone():
    result = judge(few, [get_case("tanh-binary"), get_case("one-layer-regression")], autograd=False, selected=False)
    failed = [name for name, kind, *_ in read(junit_text(result))[0] if kind not in {"passed", "skipped"}]
    assert failed == ["verdict"]


def test_an_error_may_say_what_no_xml_can_hold():
    def run(_):
        raise OSError("bell \x07, null \x00, half a pair \ud800, <tag> & ]]>")

    found, counts = read(junit_text(judge(replace(right, run=run), [get_case("tanh-binary")], autograd=False)))
    assert counts["errors"] == counts["tests"]
    assert "bell �, null �, half a pair �, <tag> & ]]>" in found[0][2]


def test_both_doors_write_the_same_items(tmp_path):
    done = check("one_wrong", *ONE, "--junit", str(tmp_path / "cli.xml"))
    assert done.returncode == 1
    lines = f"""
from backproof import parametrize

@parametrize({f"{SUBJECTS}:one_wrong"!r}, cases=["tanh-binary", "saturated-tanh"], dtypes="float64", autograd=False)
def test_backprop(check):
    check()
"""
    (tmp_path / "test_it.py").write_text(lines, encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py", "--junitxml", "pytest.xml"]
    environment = {**os.environ, "PYTHONPATH": search_path(tmp_path)}
    subprocess.run(words, cwd=tmp_path, env=environment, check=False, capture_output=True)
    mine, theirs = (read((tmp_path / name).read_text("utf-8"))[0] for name in ("cli.xml", "pytest.xml"))
    assert len(mine) > 20
    bare = [(name.removeprefix("test_backprop[").removesuffix("]"), kind, told) for name, kind, _, told in theirs]
    assert [(name, kind, told) for name, kind, _, told in mine] == bare


def test_an_expected_deviation_is_skipped_with_its_reason_and_not_failed(tmp_path):
    path = tmp_path / "known.toml"
    path.write_text('[[expected]]\nclause = "E17"\nreason = "known"\n', encoding="utf-8")
    result = judge(one_wrong, [get_case("tanh-binary")], autograd=False, expect=path)
    found = {name: (kind, told) for name, kind, told, _ in read(junit_text(result))[0]}
    assert {kind for kind, _ in found.values()} == {"passed", "skipped"}
    assert found["E17-delta-rule-tanh-binary-float64"][1].startswith("expected: it deviates")
    assert "downstream of an expected deviation" in found["E26-gradient-descent-tanh-binary-float64"][1]
