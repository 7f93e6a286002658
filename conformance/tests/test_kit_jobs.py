"""--jobs: the same report, however many processes judged."""

import json

import pytest
from kit_commands import check, run

CASES = ("--case", "tanh-binary", "--case", "sigmoid-binary", "--case", "one-neuron-a-layer")

FATAL = """
import os
from dataclasses import replace
from kit_subjects import right
fatal = replace(right, name="fatal", run=lambda case: os._exit(3))
"""


@pytest.mark.parametrize("name", ["right", "without_slope"])
def test_several_processes_give_the_report_of_one(name, tmp_path):
    reports = []
    for jobs in ("1", "2", "3"):
        path = tmp_path / f"{jobs}.json"
        done = check(name, *CASES, "--jobs", jobs, "--json", str(path))
        assert done.returncode == (0 if name == "right" else 1), done.stderr
        reports.append(path.read_text(encoding="utf-8"))
    assert reports[0] == reports[1] == reports[2]
    assert json.loads(reports[0])["counts"]["cases"] == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--jobs", "0"), "--jobs 0: expected a positive number"), (("--jobs", "2", "--isolate"), "leave --command and")],
)
def test_wrong_numbers_and_doors_are_usage_errors(words, message):
    done = check("right", *CASES, *words)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_subject_that_ends_its_process_is_broken_and_says_what_to_do(tmp_path):
    (tmp_path / "fatal.py").write_text(FATAL, encoding="utf-8")
    done = run("check", f"{tmp_path / 'fatal.py'}:fatal", "--no-autograd", *CASES, "--jobs", "2")
    assert done.returncode == 3
    assert "ended the process that judged it" in done.stderr
