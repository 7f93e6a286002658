"""Grading: points by clause, each submission by itself, whatever one of them does; rubrics that are wrong are told."""

import csv
import json
import shutil

import pytest
from kit_commands import run

from backproof.case import DTYPES
from backproof.errors import UsageError
from backproof.grading import Grade, Submission, file_names, table
from backproof.rubric import Rubric, load_rubric

RUBRIC = """
subject = "net"
time_limit = 20
request_limit = 10
dtypes = ["float64"]
cases = ["tanh-binary", "sigmoid-binary", "worked-example"]

[[points]]
clause = "E17"
points = 4

[[points]]
clause = "output-delta"
points = 2
"""
HEAD = "from dataclasses import replace\nimport os, time\nfrom kit_subjects import right, without_slope, train\n"
SUBMISSIONS = {
    "good.py": "net = right",
    "wrong.py": "net = without_slope",
    "raises.py": "def net(case):\n    if case.slug == 'worked-example':\n        raise OSError\n    return train(case)",
    "hangs.py": "def net(case):\n    time.sleep(600)",
    "dies.py": "def net(case):\n    os._exit(7)",
    "syntax.py": "net = (",
    "nameless.py": "other = right",
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grading")
    (folder / "class").mkdir()
    for name, text in SUBMISSIONS.items():
        (folder / "class" / name).write_text(HEAD + text, encoding="utf-8")
    rubric = RUBRIC.replace("request_limit = 10", "request_limit = 6").replace("time_limit = 20", "time_limit = 15")
    (folder / "rubric.toml").write_text(rubric, encoding="utf-8")
    done = run("grade", "class", "--rubric", "rubric.toml", "--out", "out", cwd=folder)
    with (folder / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    return done, rows, folder / "out"


def test_every_submission_is_graded_and_the_command_ends_well(graded):
    done, rows, _ = graded
    assert done.returncode == 0, done.stderr
    assert set(rows) == set(SUBMISSIONS)
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == "7 submissions, 1 with all points; reports and grades.csv in out"


@pytest.mark.parametrize(
    ("name", "verdict", "delta_rule", "output_delta"),
    [
        ("good.py", "conforms", "4", "2"),
        ("wrong.py", "deviates", "0", "2"),
        ("raises.py", "broken", "0", "0"),
        ("hangs.py", "broken", "0", "0"),
        ("dies.py", "broken", "0", "0"),
        ("syntax.py", "broken", "0", "0"),
        ("nameless.py", "broken", "0", "0"),
    ],
)
def test_points_are_for_clauses_that_are_shown_to_be_right(graded, name, verdict, delta_rule, output_delta):
    row = graded[1][name]
    assert (row["verdict"], row["E17"], row["E22"], row["of"]) == (verdict, delta_rule, output_delta, "6")


def test_the_table_says_why(graded):
    rows = graded[1]
    assert "is not E17 `delta-rule`" in rows["wrong.py"]["reason"]
    assert "expected an answer within 6 s; nothing came" in rows["hangs.py"]["reason"]
    assert "exit status 7" in rows["dies.py"]["reason"]
    assert "SyntaxError" in rows["syntax.py"]["reason"]
    assert "has no 'net'" in rows["nameless.py"]["reason"]


def test_every_submission_has_its_report(graded):
    out = graded[2]
    for name in SUBMISSIONS:
        if name in ("syntax.py", "nameless.py"):
            assert "broken" in (out / f"{name}.txt").read_text("utf-8")
            continue
        report = json.loads((out / f"{name}.json").read_text("utf-8"))
        assert report["subject"]["name"] == name
        assert f"{name}: {report['verdict']}" in (out / f"{name}.html").read_text("utf-8")


def test_what_a_submission_says_is_no_formula_in_a_spreadsheet():
    rubric = Rubric(points={"E17": 1.0}, subject="net")
    text = table([Grade("=a.py", "broken", {"E17": 0.0}, "=1+1"), Grade("b.py", "broken", {"E17": 0.0}, "1=1")], rubric)
    assert [row[0] for row in csv.reader(text.splitlines())] == ["submission", "'=a.py", "b.py"]
    assert [row[-1] for row in csv.reader(text.splitlines())] == ["reason", "'=1+1", "1=1"]


def test_a_program_is_graded_too(tmp_path):
    assert shutil.which("python3")
    (tmp_path / "class").mkdir()
    done = run("new", "python", str(tmp_path / "class"))
    assert done.returncode == 0, done.stderr
    text = RUBRIC.replace('subject = "net"', 'command = "python3 {file}"').replace('"tanh-binary", ', "")
    (tmp_path / "r.toml").write_text(text, encoding="utf-8")
    done = run("grade", "class", "--rubric", "r.toml", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "grades" / "my_net.py.html").is_file()
    assert "1 submissions" in done.stdout


def test_reports_of_two_submissions_never_overwrite_each_other(tmp_path):
    pair = [Submission(name, tmp_path, ()) for name in ("a/b.py", "a-b.py")]
    with pytest.raises(UsageError, match=r"a-b\.py: its report would have the name of another one's"):
        file_names(pair)


WRONG = {
    "not TOML": ("subject = ", "not TOML"),
    "no points": ('subject = "net"', "'points' is a required property"),
    "no clause": ('subject = "net"\n[[points]]\nclause = "E99"\npoints = 1', "field points[0].clause: no clause 'E99'"),
    "no number": ('subject = "net"\n[[points]]\nclause = "E17"\npoints = 0', "field points[0].points: 0 is less than"),
    "no entry": ('subject = "net"\npoints = 3', 'one [[points]] with clause = "E17" and points = 4 for each clause'),
    "a file": (
        RUBRIC.replace('"net"', '"net.py:net"'),
        "field subject: expected the name of the function",
    ),
    "twice": (RUBRIC + '[[points]]\nclause = "delta-rule"\npoints = 1', "points[2].clause: E17 has its points already"),
    "unknown": ("colour = 1\n" + RUBRIC, "'colour' was unexpected"),
    "both": ('command = "node {file}"\n' + RUBRIC, "subject) or a program (command), one of the two"),
    "outside": ('files = "../*.py"\n' + RUBRIC, "field files: expected a pattern below the folder"),
    "no place": ('command = "node"\n[[points]]\nclause = "E17"\npoints = 1', "field command: expected {file}"),
    "no case": (RUBRIC.replace("tanh-binary", "tanh-binry"), "field cases: no case 'tanh-binry'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rubric_is_told_with_file_and_field(tmp_path, name):
    text, told = WRONG[name]
    (tmp_path / "r.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_rubric(tmp_path / "r.toml")
    assert str(caught.value).startswith(f"--rubric {tmp_path / 'r.toml'}: ")
    assert told in str(caught.value)


def test_a_right_rubric_is_read(tmp_path):
    (tmp_path / "r.toml").write_text(RUBRIC, encoding="utf-8")
    made = load_rubric(tmp_path / "r.toml")
    assert made.points == {"E17": 4.0, "E22": 2.0}
    assert (made.total, made.dtypes, made.selected, len(made.chosen())) == (6.0, ("float64",), True, 3)
    assert not Rubric(points={}, subject="net").selected
    assert Rubric(points={}, subject="net").dtypes == DTYPES


def test_a_folder_without_submissions_is_a_usage_error(tmp_path):
    (tmp_path / "r.toml").write_text(RUBRIC, encoding="utf-8")
    for folder, told in ((".", "no file fits the pattern '*.py'"), ("nowhere", "expected a folder of submissions")):
        done = run("grade", folder, "--rubric", "r.toml", cwd=tmp_path)
        assert (done.returncode, told in done.stderr) == (2, True)
