"""The matrix judges every subject, clause by clause; a broken or an absent one takes its place and ends nothing."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from importlib.resources import files

import jsonschema
import pytest
from kit_commands import run
from kit_subjects import HERE

from backproof.catalogue import get_case
from backproof.loading import BUNDLED, Bundled
from backproof.matrix import as_data, judge_all, targets
from backproof.wire.subject import isolated_subject

MATRIX_SCHEMA = jsonschema.Draft202012Validator(
    json.loads(files("backproof.schemas").joinpath("matrix-1.json").read_text(encoding="utf-8"))
)
CASES = [get_case("sigmoid-regression"), get_case("one-neuron-a-layer")]
RIGHT, WRONG, RAISING = (f"{HERE}:{name}" for name in ("right", "without_slope", "raising"))
ABSENT = Bundled("backproof.subjects.nothing", "a package that is not there", "no-such-package", "no_such_package")


def test_each_subject_has_its_column_in_the_order_that_was_asked_for(monkeypatch):
    monkeypatch.setitem(BUNDLED, "absent", ABSENT)
    columns = judge_all([RIGHT, RAISING, "absent", WRONG, "no_such_module:net"], autograd=False, cases=CASES)
    assert [column.verdict for column in columns] == ["conforms", "broken", "not run", "deviates", "broken"]
    assert columns[3].statuses["E17"] == "deviates"
    assert columns[0].statuses["E17"] == "conforms"


def test_what_was_not_judged_says_why(monkeypatch):
    monkeypatch.setitem(BUNDLED, "absent", ABSENT)
    raising, absent, missing = judge_all([RAISING, "absent", "no_such_module:net"], autograd=False, cases=CASES)
    assert "the subject raised" in raising.reason
    assert absent.reason == "not installed: pip install no-such-package"
    assert missing.reason.startswith("subject") or "no module 'no_such_module'" in missing.reason
    assert (absent.statuses, missing.statuses) == ({}, {})


def test_a_subject_that_fails_in_a_way_of_its_own_does_not_end_the_matrix(monkeypatch):
    def failing(*_, **__):
        msg = "not one of ours"
        raise RuntimeError(msg)

    monkeypatch.setattr("backproof.matrix.check", failing)
    (column,) = judge_all(["numpy"], cases=CASES)
    assert (column.verdict, column.reason) == ("broken", "RuntimeError: not one of ours")


def test_bundled_subjects_come_first_and_all_of_them():
    assert list(targets())[: len(BUNDLED)] == list(BUNDLED)


def test_subjects_of_installed_packages_follow_and_do_not_take_a_bundled_name(monkeypatch):
    points = [EntryPoint("mine", "kit_subjects:right", "backproof.subjects"), EntryPoint("numpy", "a:b", "")]
    installed = {"backproof.subjects": points}
    monkeypatch.setattr("backproof.installed.entry_points", lambda group: installed.get(group, []))
    assert list(targets()) == [*BUNDLED, "mine"]
    assert targets()["numpy"] == "numpy"
    assert judge_all(["mine"], autograd=False, cases=CASES)[0].verdict == "conforms"


def test_every_case_is_watched():
    seen = []
    judge_all(
        ["numpy"], autograd=False, cases=CASES, watch=lambda name, number, total, _: seen.append((name, number, total))
    )
    assert seen == [("numpy", 1, 2), ("numpy", 2, 2)]


def test_the_matrix_as_data_is_json_and_names_every_clause(monkeypatch):
    monkeypatch.setitem(BUNDLED, "absent", ABSENT)
    data = json.loads(json.dumps(as_data(judge_all([RIGHT, "absent"], autograd=False, cases=CASES))))
    assert data["schema"] == "backproof/matrix/1"
    assert list(MATRIX_SCHEMA.iter_errors(data)) == []
    assert [error.json_path for error in MATRIX_SCHEMA.iter_errors(data | {"further": 1})] == ["$"]
    right, absent = data["subjects"]
    assert set(right["clauses"]) == {clause["id"] for clause in data["clauses"]}
    assert (right["reason"], absent["clauses"], absent["verdict"]) == (None, {}, "not run")


def test_the_command_prints_clauses_by_subjects_and_ends_well_whatever_the_verdicts(tmp_path):
    done = run("matrix", "--subject", RAISING, "--subject", WRONG, "--no-autograd", "--json", str(tmp_path / "m.json"))
    assert done.returncode == 0
    row = next(line for line in done.stdout.splitlines() if line.startswith("E17"))
    assert row.split()[1:] == ["delta-rule", "deviates"] or row.split()[-1] == "deviates"
    assert f"{RAISING}: broken: " in done.stdout
    assert [entry["verdict"] for entry in json.loads((tmp_path / "m.json").read_text())["subjects"]] == [
        "broken",
        "deviates",
    ]


def test_json_on_standard_output_is_nothing_but_json():
    done = run("matrix", "--subject", WRONG, "--no-autograd", "--json", "-")
    assert json.loads(done.stdout)["subjects"][0]["verdict"] == "deviates"
    assert "delta-rule" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--subject", "nampy"), "no subject 'nampy': expected a name of `backproof list subjects`"),
        (("--subject", WRONG, "--json", "no/such/folder/m.json"), "there is no folder no/such/folder"),
    ],
)
def test_a_usage_error_is_told(words, told):
    done = run("matrix", *words)
    assert done.returncode == 2
    assert told in done.stderr


def test_an_isolated_subject_that_ends_its_process_is_broken_and_the_others_are_judged(tmp_path):
    (tmp_path / "ends.py").write_text("import os\n\n\ndef net(case):\n    os._exit(3)\n", encoding="utf-8")
    ends = f"{tmp_path / 'ends.py'}:net"
    done = run("matrix", "--subject", ends, "--subject", RIGHT, "--isolate", "--no-autograd", "--quiet")
    assert done.returncode == 0, done.stderr
    assert f"{ends}: broken: " in done.stdout
    assert "ended with exit status 3" in done.stdout
    assert f"{RIGHT}: conforms - " in done.stdout


def test_limits_without_isolate_are_refused():
    done = run("matrix", "--subject", RIGHT, "--timeout", "3")
    assert done.returncode == 2
    assert "--timeout: SUBJECT runs in this process, without limits; add --isolate" in done.stderr


def test_an_isolated_subject_keeps_its_families_of_cases():
    """What does one kind of network only would otherwise be judged on too few cases."""
    with isolated_subject(f"{HERE}:narrow") as narrow, isolated_subject(RIGHT) as right:
        assert (narrow.narrow, right.narrow) == (("one-activation",), ())
