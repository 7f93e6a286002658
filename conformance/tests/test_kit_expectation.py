"""Expected deviations: named with a reason they are no failure; unnamed, gone or mistyped they are."""

from __future__ import annotations

import json

import pytest

from backproof.api import check
from backproof.catalogue import get_case
from backproof.cli.main import main
from backproof.door import Subject
from backproof.errors import UsageError
from backproof.expectation import load_expectations
from backproof.mutants import Machine, get_mutant

WRONG = Subject(name="wrong", run=get_mutant("loss-mean-over-outputs").machine())
RIGHT = Subject(name="right", run=Machine())

OWN_LOSS = '[[expected]]\nclause = "{clause}"\nreason = "documented: a mean over the outputs"\n'
REPORTED = "".join(OWN_LOSS.format(clause=clause) for clause in ("E4", "E5", "E6", "B-own-loss"))


def written(tmp_path, text):
    file = tmp_path / "expected.toml"
    file.write_text(text, encoding="utf-8")
    return file


CASES = [get_case(slug) for slug in ("sigmoid-regression", "several-logistic-outputs", "soft-labels-cross-entropy")]


def judged(subject, file=None):
    return check(subject, CASES, autograd=False, expect=file)


def test_a_named_deviation_is_expected_and_the_subject_conforms(tmp_path):
    result = judged(WRONG, written(tmp_path, REPORTED))
    assert result.verdict == "conforms"
    assert result.report["counts"]["expected"] > 0
    assert result.report["counts"]["deviated"] == 0
    statuses = {clause["id"]: clause["status"] for clause in result.report["clauses"]}
    assert statuses["E4"] == "expected"


def test_without_the_file_the_same_subject_deviates():
    assert judged(WRONG).verdict == "deviates"


def test_what_the_file_does_not_name_still_deviates(tmp_path):
    result = judged(WRONG, written(tmp_path, OWN_LOSS.format(clause="E5")))
    assert result.verdict == "deviates"
    assert result.report["first_deviation"]["clause"] in ("E4", "E6")


def test_an_entry_that_no_longer_deviates_is_an_error_that_names_it(tmp_path):
    result = judged(RIGHT, written(tmp_path, OWN_LOSS.format(clause="E17")))
    assert any("E17" in line for line in result.unmet)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[expected]]\nclause = "E17"\n', "reason"),
        ('[[expected]]\nclause = "E99"\nreason = "why"\n', "E99"),
        ('[[expected]]\ncase = "no-such-case"\nreason = "why"\n', "no-such-case"),
        ('[[expected]]\nreason = "why"\n', "clause"),
        ('[[expected]]\nclause = "E17"\nreason = "why"\nseason = "winter"\n', "season"),
        ("not = [toml", "toml"),
    ],
)
def test_a_file_that_says_nothing_or_too_much_is_refused(tmp_path, text, told):
    file = written(tmp_path, text)
    with pytest.raises(UsageError, match=told) as caught:
        load_expectations(file)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path, capsys):
    assert main(["check", "numpy", "--no-autograd", "--expect", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_the_command_line_exits_2_where_an_expectation_is_not_met_and_writes_the_report(tmp_path, capsys):
    file = written(tmp_path, OWN_LOSS.format(clause="E17"))
    report = tmp_path / "report.json"
    arguments = ["check", "numpy", "--no-autograd", "--case", "sigmoid-binary", "--expect", str(file)]
    assert main([*arguments, "--json", str(report)]) == 2
    assert "E17" in capsys.readouterr().err
    assert json.loads(report.read_text(encoding="utf-8"))["subject"]["name"]
