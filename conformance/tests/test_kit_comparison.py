"""Two reports: what got worse is told first and decides the exit status; what is no report is refused by name."""

import json

import pytest
from kit_commands import run
from kit_subjects import one_wrong, raising, right, without_slope

from backproof.api import check
from backproof.catalogue import get_case
from backproof.comparison import STEPS, Change, compare_reports, worse
from backproof.report import report_schema, report_text

CASES = [get_case("tanh-binary"), get_case("worked-example"), get_case("tanh-binary", "float32")]


@pytest.fixture(scope="module")
def reports():
    subjects = {"right": right, "one_wrong": one_wrong, "without_slope": without_slope, "raising": raising}
    return {name: check(subject, CASES, autograd=False).report for name, subject in subjects.items()}


@pytest.fixture(scope="module")
def files(reports, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    for name, report in reports.items():
        (folder / f"{name}.json").write_text(report_text(report), encoding="utf-8")
    return folder


def test_every_status_and_verdict_of_the_schema_has_its_step():
    known = {status for step in STEPS for status in step}
    properties = report_schema()["properties"]
    statuses = properties["clauses"]["items"]["properties"]["status"]["enum"]
    assert known == {*statuses, *properties["verdict"]["enum"]}


def test_the_same_report_twice_has_no_change(reports):
    assert compare_reports(reports["one_wrong"], reports["one_wrong"]) == []


def test_what_breaks_is_worse_and_the_way_back_is_better(reports):
    there = compare_reports(reports["right"], reports["one_wrong"])
    back = compare_reports(reports["one_wrong"], reports["right"])
    assert Change("E17 delta-rule", "conforms", "deviates", -1) in there
    assert Change("verdict", "conforms", "deviates", -1) in there
    assert Change("E17 delta-rule", "deviates", "conforms", 1) in back
    assert worse(there)
    assert not worse(back)


def test_a_further_case_of_the_same_clause_is_worse(reports):
    changes = compare_reports(reports["one_wrong"], reports["without_slope"])
    assert Change("E17 delta-rule in worked-example (float64)", "conforms", "deviates", -1) in changes
    assert worse(changes)


def test_worse_comes_first(reports):
    changes = compare_reports(reports["without_slope"], reports["raising"])
    directions = [change.direction for change in changes]
    assert directions == sorted(directions, key=(-1, 1, 0).index)


@pytest.mark.parametrize(
    ("old", "new", "status", "last"),
    [
        ("right", "right", 0, "conforms, now conforms: 0 worse, 0 better"),
        ("right", "one_wrong", 1, "conforms, now deviates: "),
        ("one_wrong", "right", 0, "deviates, now conforms: 0 worse, "),
    ],
)
def test_the_exit_status_says_whether_anything_got_worse(files, old, new, status, last):
    done = run("compare", f"{old}.json", f"{new}.json", cwd=files)
    assert done.returncode == status
    assert done.stdout.splitlines()[-1].startswith(last)
    quiet = run("compare", f"{old}.json", f"{new}.json", "--quiet", cwd=files)
    assert quiet.stdout == f"{done.stdout.splitlines()[-1]}\n"


BAD = {
    "absent.json": (None, "absent.json: No such file or directory; expected a report written by"),
    "text.json": ("no json", "text.json: not JSON"),
    "deep.json": ("[" * 100_000, "deep.json: not JSON"),
    "list.json": ("[]", "field schema: expected 'backproof/report/1', none came"),
    "matrix.json": ('{"schema": "backproof/matrix/1"}', "expected 'backproof/report/1', 'backproof/matrix/1' came"),
    "short.json": ('{"schema": "backproof/report/1"}', "'subject' is a required property"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_report_is_refused_by_name(files, name):
    text, told = BAD[name]
    if text is not None:
        (files / name).write_text(text, encoding="utf-8")
    done = run("compare", "right.json", name, cwd=files)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_with_a_wrong_field_is_refused_with_its_place(files, reports):
    spoiled = json.loads(report_text(reports["right"]))
    spoiled["clauses"][3]["status"] = "fine"
    (files / "spoiled.json").write_text(json.dumps(spoiled), encoding="utf-8")
    done = run("compare", "right.json", "spoiled.json", cwd=files)
    assert done.returncode == 2
    assert "spoiled.json: $.clauses[3].status: 'fine' is not one of" in done.stderr
