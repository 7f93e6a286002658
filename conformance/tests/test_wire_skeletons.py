"""`backproof new`: every skeleton conforms on all it declares, as it is written, and a bug put into it is named."""

import shutil
import sys
from pathlib import Path

import pytest
from kit_commands import run
from skeleton_tools import LANGUAGES, bug, made, ready

from backproof.api import check
from backproof.catalogue import all_cases
from backproof.cli.new_command import SKELETONS
from backproof.wire.subject import command_subject

HIDDEN = ("worked-example", "sigmoid-regression", "tanh-regression", "mini-batch-regression")
LONGEST = {"python": 80, "javascript": 80, "c": 121, "java": 80, "r": 80}


def judged(folder, monkeypatch, command, cases):
    monkeypatch.chdir(folder)
    with command_subject(command) as subject:
        return check(subject, cases, autograd=False, selected=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_skeleton_conforms_on_every_case_that_it_declares(language, tmp_path, monkeypatch):
    folder = tmp_path / "new"
    result = judged(folder, monkeypatch, ready(language, folder), all_cases())
    assert result.verdict == "conforms", result
    done = [case for case in all_cases() if result.judged.run.subject.skip_reason(case) is None]
    assert result.judged.counts["cases"] == len(done) > 50
    assert result.judged.counts["errored"] == 0
    reasons = {skip["reason"].split()[0] for skip in result.report["skipped"]}
    assert reasons == {"activation", "loss"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bug_in_a_skeleton_is_named(language, tmp_path, monkeypatch):
    folder = tmp_path / "new"
    ready(language, folder)
    bug(language, folder)
    cases = [case for case in all_cases("float64") if case.slug in HIDDEN]
    result = judged(folder, monkeypatch, made(language, folder), cases)
    assert result.verdict == "deviates"
    assert result.report["first_deviation"]["clause"] == "E17"
    assert [suggestion.name for suggestion in result.diagnosis][:1] == ["derivative-missing"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_skeleton_shows_numbers_that_are_none_and_they_are_judged(language, tmp_path, monkeypatch):
    folder = tmp_path / "new"
    ready(language, folder)
    bug(language, folder, "1e308 * 1e308")
    for dtype in ("float64", "float32"):
        cases = [case for case in all_cases(dtype) if case.slug == "worked-example"]
        result = judged(folder, monkeypatch, made(language, folder), cases)
        assert (result.verdict, result.judged.counts["errored"]) == ("deviates", 0)
        deviation = result.report["first_deviation"]
        assert (deviation["clause"], deviation["ratio"]) == ("E17", "Infinity")
        assert "inf" in deviation["message"]


@pytest.mark.parametrize("language", SKELETONS)
def test_a_skeleton_is_short_and_says_where_ones_own_code_goes(language, tmp_path):
    done = run("new", language, str(tmp_path))
    name, _, command = SKELETONS[language]
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) < LONGEST[language]
    assert "YOURS" in text
    assert max(map(len, text.splitlines())) <= 120
    assert f'backproof check --command "{command}"' in done.stdout


def test_an_existing_file_is_never_overwritten(tmp_path):
    path = tmp_path / "my_net.mjs"
    path.write_text("my own work", encoding="utf-8")
    done = run("new", "javascript", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"new: {path} is there already, and is left as it is; name another folder" in done.stderr
    assert path.read_text(encoding="utf-8") == "my own work"


def test_a_folder_that_cannot_be_made_and_a_language_that_is_not_there_are_usage_errors(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run("new", "python", str(tmp_path / "file"))
    assert done.returncode == 2
    assert "file" in done.stderr
    assert "Traceback" not in done.stderr
    assert "invalid choice: 'cobol'" in run("new", "cobol").stderr


def test_the_written_file_is_the_one_that_ships(tmp_path):
    run("new", "python", str(tmp_path / "deep" / "er"))
    shipped = Path(sys.modules["backproof"].__file__).parent / "wire" / "skeletons" / "my_net.py"
    assert (tmp_path / "deep" / "er" / "my_net.py").read_bytes() == shipped.read_bytes()
    assert shutil.which("python3") is None or not shipped.parent.joinpath("__init__.py").exists()
