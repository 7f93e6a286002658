"""The report: valid against its schema, the same twice, JSON without infinities, with a line that reproduces it."""

import json
import math
import os
import shlex
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from kit_subjects import HERE, few, not_a_number, one_wrong, raising, right, train, without_slope

import backproof
from backproof.api import check
from backproof.catalogue import get_case
from backproof.conventions import Conventions
from backproof.report import SCHEMA, report_schema, write_report

SLUGS = ("worked-example", "one-layer-binary", "tanh-binary")
SUBJECTS = {
    "conforms": right,
    "deviates": one_wrong,
    "deviates everywhere": without_slope,
    "deviates in NaN": not_a_number,
    "broken": raising,
    "incomplete": few,
}
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path])}


def judge(subject, slugs=SLUGS, **options):
    cases = [get_case(slug, dtype) for dtype in ("float64", "float32") for slug in slugs]
    return check(subject, cases, autograd=False, **options)


@pytest.fixture(scope="module")
def reports():
    return {name: judge(subject).report for name, subject in SUBJECTS.items()}


def errors_of(report):
    return [error.message for error in Draft202012Validator(report_schema()).iter_errors(report)]


def test_the_schema_is_itself_valid():
    Draft202012Validator.check_schema(report_schema())


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_report_has_the_verdict_of_its_subject_and_is_valid(reports, name):
    report = reports[name]
    assert report["schema"] == SCHEMA
    assert report["verdict"] == name.partition(" ")[0]
    assert errors_of(report) == []
    assert errors_of(json.loads(json.dumps(report, allow_nan=False))) == []


SPOILED = {
    "verdict": ("verdict", "perfect"),
    "schema": ("schema", "backproof/report/2"),
    "subject": ("subject", {}),
    "counts": ("counts", {}),
    "notes": ("notes", [1]),
    "clause": ("scope", {"directly": ["E"]}),
}


@pytest.mark.parametrize(("field", "value"), SPOILED.values(), ids=SPOILED.keys())
def test_the_schema_refuses_a_report_that_is_spoiled_in_any_part(reports, field, value):
    assert errors_of({**reports["deviates"], field: value})


@pytest.mark.parametrize("field", ["clause", "index", "reproduce", "ratio", "layer"])
def test_the_schema_refuses_a_deviation_that_lacks_a_field(reports, field):
    report = deepcopy(reports["deviates"])
    del report["first_deviation"][field]
    assert errors_of(report)


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_same_subject_gives_the_same_report_twice(reports, name):
    assert judge(SUBJECTS[name]).report == reports[name]


def test_another_subject_gives_another_report(reports):
    assert reports["deviates"]["deviations"] != reports["deviates everywhere"]["deviations"]


def test_the_first_deviation_says_where_and_what(reports):
    first = reports["deviates"]["first_deviation"]
    assert first == reports["deviates"]["deviations"][0]
    assert (first["clause"], first["slug"], first["quantity"]) == ("E17", "delta-rule", "deltas")
    assert (first["case"], first["dtype"], first["step"]) == ("tanh-binary", "float64", 1)
    assert (first["layer"], first["index"], first["judged"]) == (2, [4, 2], "local")
    assert abs(first["got"] / 1.5 - first["expected"]) <= first["tolerance"] < abs(first["got"] - first["expected"])
    assert first["ratio"] > 1


def test_a_report_without_deviations_has_none(reports):
    for name in ("conforms", "broken", "incomplete"):
        assert reports[name]["first_deviation"] is None
        assert reports[name]["deviations"] == reports[name]["diagnosis"] == []
    assert reports["deviates"]["deviations"]


def test_numbers_that_are_not_finite_are_words(reports):
    first = reports["deviates in NaN"]["first_deviation"]
    assert (first["got"], first["ratio"], first["index"]) == ("NaN", "Infinity", [0, 0])
    assert first["expected"] is first["tolerance"] is None
    assert first["message"].endswith("at sample 0, neuron 0: nan is not a finite number.")
    assert infinite_from("activations")["got"] == "-Infinity"


def test_a_loss_that_is_not_finite_is_a_word_too():
    assert infinite_from("loss")["got"] == "-Infinity"


def infinite_from(quantity):
    """Return the first deviation of a subject that shows -infinity for one quantity."""

    def run(case):
        records = train(case)
        records[0][quantity] = -math.inf if quantity == "loss" else [v - math.inf for v in records[0][quantity]]
        return records

    return judge(replace(right, run=run)).report["first_deviation"]


def test_errors_and_skips_are_listed_with_their_case(reports):
    errors = reports["broken"]["errors"]
    assert [error["case"] for error in errors] == [*SLUGS, *SLUGS]
    assert all(
        f"the subject raised ZeroDivisionError: no idea how to do {error['case']} (in _raise" in error["message"]
        for error in errors
    )
    skipped = reports["incomplete"]["skipped"]
    assert [skip["dtype"] for skip in skipped] == ["float64"] * 3 + ["float32"] * 3
    assert {skip["reason"] for skip in skipped} == {
        "activation sigmoid is not declared",
        "activation tanh is not declared",
    }


def test_counts_add_up(reports):
    for report in reports.values():
        counts = report["counts"]
        outcomes = ("passed", "reduced_accuracy", "vacuous", "deviated", "downstream")
        assert sum(counts[name] for name in outcomes) == counts["checks"]
        assert counts["cases"] + counts["skipped"] + counts["errored"] == 2 * len(SLUGS)
        assert counts["deviated"] == len(report["deviations"])
        assert counts["not_observed"] == sum(clause["status"] == "not_observed" for clause in report["clauses"])


def test_the_subject_is_described_with_its_conventions(reports):
    described = reports["conforms"]["subject"]
    assert (described["name"], described["language"]) == ("right", "Python")
    assert described["conventions"] == Conventions().declared()
    assert described["observes"] == sorted(train(get_case("tanh-binary"))[0])


def reproduced(line):
    words = shlex.split(line)
    assert words[0] == "backproof"
    command = [sys.executable, "-m", *words, "--no-autograd", "--json", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def test_the_line_that_reproduces_a_deviation_does():
    first = judge(one_wrong, target=f"{HERE}:one_wrong").report["first_deviation"]
    ran = reproduced(first["reproduce"])
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["first_deviation"] == first


def test_a_target_with_spaces_is_quoted(tmp_path):
    spaced = tmp_path / "my net.py"
    spaced.write_text("from kit_subjects import one_wrong", encoding="utf-8")
    first = judge(one_wrong, target=f"{spaced}:one_wrong").report["first_deviation"]
    assert reproduced(first["reproduce"]).returncode == 1


def test_without_a_target_the_line_is_python():
    line = judge(one_wrong).report["first_deviation"]["reproduce"]
    result = eval(  # noqa: S307 - our own line
        line, {"backproof": backproof, "subject": one_wrong}
    )
    assert result.verdict == "deviates"


def test_the_line_names_the_device():
    first = judge(one_wrong, target="a.py:b", device="cuda").report["first_deviation"]
    assert first["device"] == "cuda"
    assert "--device cuda" in first["reproduce"]


def test_a_report_is_written_to_a_file_or_to_standard_output(reports, tmp_path, capsys):
    path = tmp_path / "report.json"
    write_report(reports["deviates in NaN"], str(path))
    assert capsys.readouterr().out == ""
    assert json.loads(path.read_text(encoding="utf-8")) == reports["deviates in NaN"]
    write_report(reports["deviates in NaN"], "-")
    assert capsys.readouterr().out == path.read_text(encoding="utf-8")


def test_a_report_with_a_bare_infinity_is_not_written(reports, tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_report({**reports["conforms"], "notes": [math.inf]}, str(tmp_path / "report.json"))
