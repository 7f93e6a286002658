"""`pytest --backproof TARGET` and `@parametrize`, run as an adopter runs them: in a process of their own."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from kit_pytest import counts, declared, run_pytest
from kit_subjects import HERE

HEAVY = ("torch", "flint", "hypothesis", "numpy", "rich", "sklearn")
QUIET = ("--backproof-no-autograd",)
ORDINARY = "def test_ordinary():\n    assert True\n"
THREE_LINES = """
import kit_subjects
from backproof import parametrize

@parametrize(kit_subjects.{name}, {words})
def test_backprop(check): {body}
"""


def judged(folder, name, *words, **files):
    """`pytest --backproof` on one of the subjects of kit_subjects."""
    return run_pytest(folder, "--backproof", f"{HERE}:{name}", *QUIET, *words, **files)


def decorated(folder, name, *words, arguments="autograd=False", body="check()"):
    """A suite of three lines."""
    return run_pytest(folder, *words, test_it=THREE_LINES.format(name=name, words=arguments, body=body))


def test_importing_the_plug_in_imports_nothing_heavy():
    """It is loaded in every run of pytest on the machine."""
    code = "import pytest, sys; before = set(sys.modules); import {}; print(*(set(sys.modules) - before))"
    for module, heavy in ((declared()["backproof"], False), ("backproof.pytest_items", True)):
        words = [sys.executable, "-c", code.format(module)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert any(name in done.stdout.split() for name in HEAVY) is heavy, done.stdout  # the twin imports NumPy


def test_an_ordinary_run_of_pytest_loads_nothing_heavy_and_collects_nothing_of_ours(tmp_path):
    text = f"import sys\ndef test_ordinary():\n    assert not set({HEAVY}) & set(sys.modules)\n"
    done = run_pytest(tmp_path, "-p", "no:hypothesispytest", "-p", "no:benchmark", "-p", "no:regressions", test_it=text)
    assert counts(done) == {"passed": 1}, done.stdout


def test_a_right_subject_passes_with_nothing_written(tmp_path):
    done = judged(tmp_path, "right", "-W", "error")
    assert done.returncode == 0, done.stdout
    assert counts(done)["passed"] > 400
    assert set(counts(done)) == {"passed", "skipped"}


def test_a_wrong_subject_fails_where_it_is_wrong_and_the_verdict_fails(tmp_path):
    done = judged(tmp_path, "without_slope", "-k", "sigmoid-binary-float64 or verdict")
    assert done.returncode == 1
    assert "Your delta of layer 1 is not E17 `delta-rule`" in done.stdout
    assert f"reproduce: backproof check {HERE}:without_slope --case sigmoid-binary --dtype float64" in done.stdout
    assert "It agrees with `derivative-missing`" in done.stdout
    assert "the verdict is deviates, not conforms" in done.stdout
    failed = re.findall(r"^FAILED (\S+)", done.stdout, re.MULTILINE)
    assert failed == ["backproof::E17-delta-rule-sigmoid-binary-float64", "backproof::verdict"]


def test_a_skip_states_its_reason(tmp_path):
    done = judged(tmp_path, "right", "-rs", "-k", "relu-regression-float64")
    assert "skipped: activation relu is not declared" in done.stdout
    assert "passed" not in counts(done)


def test_items_are_chosen_by_their_names(tmp_path):
    done = judged(tmp_path, "right", "-v", "-k", "E17 and sigmoid-binary and not float32")
    assert "backproof::E17-delta-rule-sigmoid-binary-float64 PASSED" in done.stdout
    assert counts(done) | {"deselected": 0} == {"passed": 1, "deselected": 0}


def test_without_paths_other_tests_are_left_alone_and_with_paths_they_run_as_well(tmp_path):
    alone = judged(tmp_path, "right", "-k", "verdict or ordinary", "-v", test_it=ORDINARY)
    assert "test_ordinary" not in alone.stdout
    assert counts(alone)["passed"] == 1
    together = judged(tmp_path, "right", "-k", "verdict or ordinary", "-v", "test_it.py")
    assert "test_it.py::test_ordinary PASSED" in together.stdout
    assert counts(together)["passed"] == 2


def test_testpaths_are_no_paths_on_the_command_line(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = .\nxfail_strict = true\n", encoding="utf-8")
    done = judged(tmp_path, "right", "-k", "verdict or ordinary", test_it=ORDINARY)
    assert counts(done)["passed"] == 1
    assert counts(run_pytest(tmp_path)) == {"passed": 1}  # the twin: without --backproof the folder's tests run


@pytest.mark.parametrize("name", ["right", "without_slope"])
def test_on_two_processes_the_outcomes_are_the_same(tmp_path, name):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed: there are no processes to spread over")
    narrowed = ("-k", "binary or verdict")
    one, two = judged(tmp_path, name, *narrowed), judged(tmp_path, name, *narrowed, "-n", "2")
    assert one.returncode == two.returncode == (0 if name == "right" else 1), two.stdout
    assert counts(one) | {"deselected": 0} == counts(two) | {"deselected": 0}


def test_the_report_data_reaches_junit_xml_through_xdist(tmp_path):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed: there is nothing to get through")
    judged(tmp_path, "without_slope", "-n", "1", "-k", "sigmoid-binary-float64 or verdict", "--junitxml", "out.xml")
    found = {}
    for case in ET.parse(tmp_path / "out.xml").iter("testcase"):  # noqa: S314 - our own file
        found[case.get("name")] = {item.get("name"): item.get("value") for item in case.iter("property")}
    wrong = found["E17-delta-rule-sigmoid-binary-float64"]
    assert (wrong["backproof_clause"], wrong["backproof_case"]) == ("E17", "sigmoid-binary")
    assert (wrong["backproof_dtype"], wrong["backproof_status"]) == ("float64", "deviates")
    assert float(wrong["backproof_worst_ratio"]) > 1
    right = found["E5-log-loss-sigmoid-binary-float64"]
    assert (right["backproof_status"], right["backproof_clause"]) == ("conforms", "E5")
    assert found["verdict"]["backproof_status"] == "deviates"


REFUSED = [
    ("nampy", "no subject 'nampy': expected a name of `backproof list subjects`"),
    ("gone.py:net", "no file gone.py"),
    (f"{HERE}:gone", "has no 'gone'"),
    ("bad.py:net", "bad.py fails while it is imported: ZeroDivisionError"),
]


@pytest.mark.parametrize(("target", "message"), REFUSED, ids=[target.rpartition("/")[2] for target, _ in REFUSED])
def test_a_wrong_target_is_a_usage_error(tmp_path, target, message):
    done = run_pytest(tmp_path, "--backproof", target, bad="1 / 0\n")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --backproof: " in done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_subject_prints_while_it_is_loaded_is_kept_from_the_output(tmp_path):
    text = "print('a word of the file')\nfrom kit_subjects import right as net\n"
    done = run_pytest(tmp_path, "--backproof", "mine.py:net", *QUIET, "-k", "verdict", "-s", mine=text)
    assert done.returncode == 0, done.stdout
    assert "a word of the file" in done.stderr
    assert "a word of the file" not in done.stdout


def test_a_subject_that_raises_fails_with_its_error(tmp_path):
    done = judged(tmp_path, "raising", "-k", "E17 and tanh-binary-float64")
    assert counts(done)["failed"] == 1
    assert "the subject raised ZeroDivisionError: no idea how to do tanh-binary (in _raise" in done.stdout


def test_three_lines_in_an_adopters_suite(tmp_path):
    done = decorated(tmp_path, "right", "-v", "-k", "sigmoid-binary or verdict")
    assert done.returncode == 0, done.stdout
    assert "test_it.py::test_backprop[E17-delta-rule-sigmoid-binary-float64] PASSED" in done.stdout
    assert "test_it.py::test_backprop[verdict] PASSED" in done.stdout
    wrong = decorated(tmp_path, "without_slope", "-k", "sigmoid-binary-float64 or verdict")
    assert counts(wrong)["failed"] == 2
    assert "Your delta of layer 1 is not E17 `delta-rule`" in wrong.stdout
    assert "parametrizing.py" not in wrong.stdout.replace("SKIPPED", "")


def test_the_decorator_narrows(tmp_path):
    arguments = "cases=['sigmoid-binary'], dtypes=['float32'], clauses=['E17'], autograd=False"
    done = decorated(tmp_path, "right", "-v", arguments=arguments)
    assert counts(done) == {"passed": 2}
    refused = decorated(tmp_path, "right", arguments="cases='no-such-case'")
    assert refused.returncode == pytest.ExitCode.INTERRUPTED
    assert "UsageError: no case 'no-such-case'" in refused.stdout


def test_the_decorators_items_run_on_two_processes(tmp_path):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed: there are no processes to spread over")
    done = decorated(tmp_path, "right", "-n", "2", arguments="dtypes='float64', autograd=False")
    assert done.returncode == 0, done.stdout
    assert counts(done)["passed"] > 200


def test_a_test_that_forgets_to_call_check_fails(tmp_path):
    """It would be green without judging anything."""
    done = decorated(tmp_path, "right", body="check", arguments="cases='sigmoid-binary', autograd=False")
    assert set(counts(done)) == {"failed"}
    assert "the test did not call check(): nothing was judged" in done.stdout


def test_the_entry_point_is_declared_and_the_search_path_leads_to_it(tmp_path):
    """A wheel registers what pyproject.toml declares, which the other tests here run."""
    assert declared() == {"backproof": "backproof.pytest_plugin"}
    without = run_pytest(tmp_path, "-p", "no:backproof", "--backproof", f"{HERE}:right")
    assert without.returncode == pytest.ExitCode.USAGE_ERROR  # the twin: no plug-in, no option
    assert "unrecognized arguments: --backproof" in without.stderr
