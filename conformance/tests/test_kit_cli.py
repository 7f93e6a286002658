"""The command line through real processes: exit statuses, streams, what is printed and what is imported."""

import json
import os
import subprocess
import sys

import kit_subjects
import pytest
from kit_commands import BACKPROOF, ENVIRONMENT, SUBJECTS, check, check_json, run

from backproof.catalogue import all_cases, get_case
from backproof.catalogue.large import LARGE
from backproof.loading import BUNDLED
from backproof_spec import clauses

ONE = ("--case", "tanh-binary", "--dtype", "float64")
PAGES = ("jinja2", "latex2mathml", "markupsafe")
HEAVY = ("torch", "hypothesis", "sympy", "numpy", "flint", "rich", "sklearn", *PAGES)


def test_a_right_subject_conforms_on_the_whole_catalogue():
    done = check("right")
    assert done.returncode == 0, done.stdout
    last = done.stdout.strip().splitlines()[-2:]
    assert last[0].startswith("right: conforms - ")
    assert "0 deviated" in last[0]
    assert "judged directly: E1, " in last[1]
    assert "first deviation" not in done.stdout


@pytest.mark.parametrize(
    ("name", "status", "verdict"),
    [
        ("without_slope", 1, "deviates"),
        ("not_a_number", 1, "deviates"),
        ("raising", 3, "broken"),
        ("few", 4, "incomplete"),
    ],
)
def test_a_wrong_subject_has_the_exit_status_of_its_verdict(name, status, verdict):
    done = check(name, "--dtype", "float64", "--case", "tanh-binary", "--case", "worked-example")
    assert done.returncode == status
    assert f"{name}: {verdict} - " in done.stdout
    assert "Traceback" not in done.stderr


def test_a_left_out_derivative_is_named_with_equation_layer_and_place():
    done = check("without_slope", "--case", "sigmoid-binary", "--dtype", "float64")
    assert done.returncode == 1
    sentence = done.stdout.partition("first deviation\n")[2].splitlines()[0]
    assert "sigmoid-binary (float64): Your delta of layer 1 is not E17 `delta-rule` (here E21" in sentence
    assert "read:      backproof explain delta-rule" in done.stdout
    assert f"reproduce: backproof check {SUBJECTS}:without_slope --case sigmoid-binary --dtype float64" in done.stdout


def test_one_wrong_delta_is_found_at_its_sample_and_neuron():
    status, report = check_json("one_wrong", *ONE)
    first = report["first_deviation"]
    assert status == 1
    assert (first["clause"], first["layer"], first["index"]) == ("E17", 2, [4, 2])
    local = [deviation for deviation in report["deviations"] if deviation["judged"] != "behaviour"]
    assert [(deviation["clause"], deviation["index"]) for deviation in local] == [("E17", [4, 2])]


def test_a_subject_that_raises_is_told_with_its_error_and_its_line():
    done = check("raising", *ONE)
    assert (
        "error: tanh-binary (float64): the subject raised ZeroDivisionError: no idea how to do tanh-binary"
        in done.stdout
    )
    assert "kit_subjects.py:" in done.stdout


NOISY = """
import sys
from dataclasses import replace
from kit_subjects import right, train
{at_import}
def run(case):
    {in_case}
    return train(case)
net = replace(right, name="noisy", run=run)
"""


def noisy(folder, at_import="", in_case="pass"):
    path = folder / "noisy.py"
    path.write_text(NOISY.format(at_import=at_import, in_case=in_case), encoding="utf-8")
    return f"{path}:net"


def test_standard_output_is_pure_json_even_when_the_subject_prints(tmp_path):
    done = check(noisy(tmp_path, in_case="print('noise')"), *ONE, "--json", "-")
    assert json.loads(done.stdout)["verdict"] == "conforms"
    assert "noise" in done.stderr
    assert "noisy: conforms" in done.stderr


def test_standard_output_is_pure_json_even_when_the_file_prints_at_import(tmp_path):
    done = check(noisy(tmp_path, at_import="print('noise')"), *ONE, "--json", "-")
    assert json.loads(done.stdout)["verdict"] == "conforms"


def test_standard_output_is_pure_json_even_when_c_code_prints(tmp_path):
    done = check(noisy(tmp_path, in_case="import os; os.write(1, b'noise')"), *ONE, "--json", "-")
    assert json.loads(done.stdout)["verdict"] == "conforms"


def test_a_report_goes_to_a_file_and_the_screen_stays(tmp_path):
    path = tmp_path / "report.json"
    done = check("right", *ONE, "--json", str(path))
    assert "right: conforms" in done.stdout
    assert json.loads(path.read_text(encoding="utf-8"))["subject"]["name"] == "right"


def test_quiet_prints_the_verdict_and_no_table():
    quiet, loud = check("one_wrong", *ONE, "--quiet"), check("one_wrong", *ONE)
    assert quiet.returncode == loud.returncode == 1
    assert "one_wrong: deviates - " in quiet.stdout
    for word in ("delta-rule", "first deviation", "oracles:"):
        assert word in loud.stdout
        assert word not in quiet.stdout
    assert "\x1b" not in loud.stdout + loud.stderr


def test_quiet_prints_one_line():
    assert len(check("right", *ONE, "--quiet").stdout.splitlines()) == 1


def test_case_clause_and_dtype_choose_what_is_run():
    status, report = check_json("right", "--case", "sigmoid-binary", "--case", "masked", "--dtype", "float32")
    assert (status, report["counts"]["cases"]) == (0, 2)
    status, report = check_json("right", "--clause", "V1", "--clause", "delta-rule")
    assert (status, report["counts"]["cases"], report["counts"]["skipped"]) == (0, 2, 0)


def test_a_derived_clause_chooses_the_cases_that_have_its_form():
    _, report = check_json("raising", "--clause", "E24", "--dtype", "float64")
    wanted = [c.slug for c in all_cases("float64") if c.loss == "log" and kit_subjects.raising.skip_reason(c) is None]
    assert [error["case"] for error in report["errors"]] == wanted


def test_a_behaviour_clause_chooses_its_cases():
    assert check("right", "--clause", "B-own-loss", "--dtype", "float64", "--quiet").returncode == 0


USAGE = [
    (("check", "nampy"), "no subject 'nampy'"),
    (("check", "nowhere.py:net"), "no file nowhere.py"),
    (("check", f"{SUBJECTS}:trian"), "has no 'trian'; it has train"),
    (("check", f"{SUBJECTS}:right", "--case", "maskd"), "no case 'maskd'; nearest: masked"),
    (("check", f"{SUBJECTS}:right", "--clause", "E99"), "no clause 'E99'"),
    (("check", f"{SUBJECTS}:right", "--dtype", "float16"), "invalid choice: 'float16'"),
    (("check",), "required: SUBJECT"),
    (("explain", "delta-rul"), "nearest: delta-rule"),
    (("explain", "conventions"), "conventions is no clause; see: backproof list conventions"),
    (("explain", "identity-deep"), "identity-deep is no clause; see: backproof list cases"),
    (("trace", "no-such-case"), "no case 'no-such-case'"),
    (("list", "numbers"), "invalid choice: 'numbers'"),
    (("chek",), "invalid choice: 'chek'"),
    ((), "usage: backproof"),
]


@pytest.mark.parametrize(
    ("words", "message"), USAGE, ids=[" ".join(words[:1] + words[2:]) or "nothing" for words, _ in USAGE]
)
def test_a_usage_error_has_status_2_one_message_and_no_traceback(words, message):
    done = run(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_file_that_fails_at_import_is_broken(tmp_path):
    done = check(noisy(tmp_path, at_import="sys.exit(0)"), *ONE)
    assert (done.returncode, done.stdout) == (3, "")
    assert "fails while it is imported: SystemExit: 0" in done.stderr


def test_explain_takes_an_id_and_a_slug_and_says_the_same():
    by_id, by_slug = run("explain", "e17"), run("explain", "delta-rule")
    assert by_id.returncode == by_slug.returncode == 0
    assert by_id.stdout == by_slug.stdout
    for part in (
        "E17 delta-rule",
        "f'(z)",
        r"\delta_i^l",
        "return derivative * (next_deltas @ next_weights)",
        "observed",
    ):
        assert part in by_id.stdout
    assert "judged via E17" in run("explain", "E21").stdout


def test_explain_lists_only_the_cases_that_have_the_form():
    line = next(line for line in run("explain", "E24").stdout.splitlines() if line.startswith("  cases: "))
    slugs = line.removeprefix("  cases: ").partition(" and ")[0].split(", ")
    assert {get_case(slug).loss for slug in slugs} == {"log"}


@pytest.mark.parametrize(
    ("what", "key", "expected"),
    [
        ("clauses", "id", [clause.id for clause in clauses()]),
        ("cases", "slug", [*(case.slug for case in all_cases("float64")), *LARGE]),
        ("subjects", "name", list(BUNDLED)),
        ("conventions", "name", None),
    ],
)
def test_a_list_is_a_table_or_json(what, key, expected):
    rows = json.loads(run("list", what, "--json", "-").stdout)
    table = run("list", what).stdout
    if expected is not None:
        assert [row[key] for row in rows if not row[key].startswith("B-")] == [
            name for name in expected if not name.startswith("B-")
        ]
    assert all(row[key] in table for row in rows)


def test_trace_prints_the_worked_example_or_another_case():
    worked = run("trace").stdout
    assert worked.startswith("worked-example: ")
    assert "delta1^3 = -0.328154    [E24]" in worked
    assert "float32" in run("trace", "tanh-binary", "--dtype", "float32").stdout.splitlines()[1]


def test_nothing_is_coloured_when_it_is_piped():
    for done in (run("list", "subjects"), run("explain", "E17")):
        assert "\x1b" not in done.stdout + done.stderr


def imported(*words):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


def test_importing_the_package_or_asking_for_help_imports_nothing_heavy():
    for words in (("-c", "import backproof"), ("-m", "backproof", "--help")):
        assert imported(*words).isdisjoint(HEAVY), words
    assert "numpy" in imported("-c", "import backproof; backproof.Case")


def test_a_check_imports_what_pages_need_only_when_a_page_is_asked_for(tmp_path):
    words = ("-m", "backproof", "check", f"{SUBJECTS}:right", "--no-autograd", *ONE)
    assert imported(*words).isdisjoint(PAGES)
    assert imported(*words, "--html", str(tmp_path / "report.html")) >= {"jinja2", "latex2mathml"}


def without_a_reader(*words):
    """Run a command whose reader has gone before it writes."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return run(*words, stdout=writer, stderr=subprocess.PIPE, capture_output=False)
    finally:
        os.close(writer)


@pytest.mark.parametrize("words", [("trace", "wide-tanh"), ("list", "clauses", "--json", "-")], ids=" ".join)
def test_a_reader_that_has_gone_is_no_reason_for_noise(words):
    assert without_a_reader(*words).stderr == ""


def test_a_reader_that_has_gone_is_no_failure():
    assert without_a_reader("trace", "wide-tanh").returncode == 0


def test_head_ends_the_trace_quietly():
    pipe = subprocess.run(
        ["/bin/sh", "-c", '"$@" | head -1', "sh", *BACKPROOF, "trace", "wide-tanh"],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
    )
    assert pipe.stdout.startswith("wide-tanh: ")
    assert (len(pipe.stdout.splitlines()), pipe.stderr) == (1, "")
