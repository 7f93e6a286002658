"""--command and --isolate on the command line: statuses, reports, the line that reproduces, and what is left behind."""

import json
import shlex

import pytest
from jsonschema import Draft202012Validator
from kit_commands import SUBJECTS, check, check_json, run
from wire_tools import left_behind, quoted

from backproof.report import report_schema

ONE = ("--case", "sigmoid-binary", "--dtype", "float64", "--no-autograd")


def by_command(name, *words, extra=""):
    return run("check", "--command", f"{quoted(name)} {extra}".strip(), *words)


def test_a_command_is_judged_like_any_subject():
    done = by_command("right", *ONE)
    assert done.returncode == 0, done.stderr
    assert "my_net: conforms - " in done.stdout


def test_a_wrong_command_exits_1_and_its_line_reproduces_it():
    done = by_command("wrong_shapes", *ONE, "--timeout", "20", "--json", "-")
    report = json.loads(done.stdout)
    Draft202012Validator(report_schema()).validate(report)
    assert (done.returncode, report["verdict"], report["subject"]["language"]) == (1, "deviates", "Python")
    words = shlex.split(report["first_deviation"]["reproduce"])
    expected = f"backproof check --command {shlex.quote(quoted('wrong_shapes'))} --timeout 20 "
    assert report["first_deviation"]["reproduce"].startswith(expected)
    again = run(*words[1:], "--no-autograd", "--quiet")
    assert (again.returncode, again.stdout.split(" - ")[0]) == (1, "my_net: deviates")


def test_a_broken_command_exits_3_with_its_message():
    done = by_command("garbage", *ONE)
    assert done.returncode == 3
    assert "error: sigmoid-binary (float64): answer: expected one line of JSON; 'loss = 0.25' came; " in done.stdout
    done = by_command("exits_at_start", *ONE)
    assert (done.returncode, done.stdout) == (3, "")
    assert "backproof: the program ended with exit status 1 before it answered hello" in done.stderr
    assert "no licence found" in done.stderr


def test_nothing_is_left_behind_even_when_the_check_itself_fails():
    done = by_command("ignores_bye", *ONE, "--device", "cuda:99", extra="token-of-this-test")
    assert done.returncode != 0 or "not run" in done.stdout
    assert left_behind("token-of-this-test") == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check",), 'check: required: SUBJECT or --command "...", exactly one of the two; neither came'),
        (("check", "numpy", "--command", "x"), "both SUBJECT numpy and --command came"),
        (("check", "--command", "x", "--isolate"), "--isolate: a --command runs in a process of its own already"),
        (
            ("check", "numpy", "--timeout", "3"),
            "--timeout: SUBJECT runs in this process, without limits; add --isolate",
        ),
        (("check", "numpy", "--memory", "3G"), "--memory: SUBJECT runs in this process, without limits; add --isolate"),
        (("check", "numpy", "--isolate", "--timeout", "-1"), "--timeout -1: expected a positive number of seconds"),
        (
            ("check", "numpy", "--isolate", "--memory", "much"),
            "--memory much: expected a positive whole number of bytes",
        ),
        (("check", "--command", ""), "--command: expected a program with its arguments"),
        (("check", "--command", "'node"), "No closing quotation; expected a program with its arguments"),
        (("check", "--command", "no-such-program"), "no program 'no-such-program' is found; give its path"),
    ],
)
def test_a_usage_error_has_status_2_and_one_message(words, message):
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["right", "one_wrong", "without_slope", "not_a_number", "few"])
def test_an_isolated_subject_has_the_same_findings(name):
    words = ("--case", "tanh-binary", "--case", "worked-example", "--case", "mini-batch-regression")
    here, there = check_json(name, *words), check_json(name, *words, "--isolate")
    for first in (here[1]["first_deviation"], *here[1]["deviations"]):
        if first is not None:
            first["reproduce"] = first["reproduce"].replace(f"{SUBJECTS}:{name}", f"{SUBJECTS}:{name} --isolate")
    assert of_both_doors(here) == of_both_doors(there)


def of_both_doors(outcome):
    """Leave out what a pipe cannot carry: whether arrays were written into, and their memory order."""
    status, report = outcome
    apart = ("B-inputs", "B-memory")
    report["clauses"] = [clause for clause in report["clauses"] if clause["id"] not in apart]
    report["deviations"] = [found for found in report["deviations"] if found["clause"] not in apart]
    del report["counts"], report["scope"]
    return status, report


def test_an_isolated_subject_that_raises_is_told_with_its_line():
    done = check("raising", "--case", "tanh-binary", "--dtype", "float64", "--isolate")
    assert done.returncode == 3
    assert (
        "error: tanh-binary (float64): the program answered with an error: the subject raised ZeroDivisionError: "
        "no idea how to do tanh-binary (in " in done.stdout
    )


DEADLY = """
import ctypes, os, time
from dataclasses import replace
from kit_subjects import right, train

def run(case):
    if case.slug == "tanh-binary":
        {deed}
    print("noise from the subject")
    return train(case)

net = replace(right, name="deadly", run=run)
"""


@pytest.mark.parametrize(
    ("deed", "message"),
    [
        ("ctypes.string_at(0)", "the program was ended by SIGSEGV before it answered run "),
        ("os._exit(0)", "the program ended with exit status 0 before it answered run "),
        ("time.sleep(1000)", "(tanh-binary): expected an answer within 5 s; nothing came"),
    ],
)
def test_an_isolated_subject_may_crash_or_hang_in_one_case(tmp_path, deed, message):
    path = tmp_path / "deadly.py"
    path.write_text(DEADLY.format(deed=deed), encoding="utf-8")
    words = (
        "--case",
        "tanh-binary",
        "--case",
        "one-neuron-a-layer",
        "--dtype",
        "float64",
        "--isolate",
        "--timeout",
        "5",
    )
    status, report = check_json(f"{path}:net", *words)
    assert (status, report["counts"]["cases"], report["counts"]["errored"]) == (3, 1, 1)
    assert [error["case"] for error in report["errors"]] == ["tanh-binary"]
    assert message in report["errors"][0]["message"]
    assert left_behind(str(path)) == []


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nampy", "no subject 'nampy'"),
        ("nowhere.py:net", "no file nowhere.py"),
        (f"{SUBJECTS}:trian", "has no 'trian'; it has train"),
    ],
)
def test_an_isolated_name_that_is_wrong_is_the_same_usage_error(target, message):
    done = run("check", target, "--isolate")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_an_isolated_file_that_fails_at_import_is_broken(tmp_path):
    path = tmp_path / "dying.py"
    path.write_text("import os; os._exit(9)", encoding="utf-8")
    done = run("check", f"{path}:net", "--isolate")
    assert done.returncode == 3
    assert "the program ended with exit status 9 before it answered hello" in done.stderr
