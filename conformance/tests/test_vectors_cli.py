"""The commands `vectors` and `regen`, and `check --vectors`: what they print, and how they exit."""

from __future__ import annotations

import json
import shutil

import pytest

from backproof.cli.main import main
from backproof_fixtures import HERE, read_manifest

COUNT = len(read_manifest()["vectors"])
PROGRAM = """
from backproof.mutants import Machine, get_mutant
right = Machine()
wrong = get_mutant("derivative-missing").machine()
"""


def run(capsys, *words):
    status = main(list(words))
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.fixture
def program(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path / "program.py"


def test_list_chooses_by_family_flag_and_clause(capsys):
    status, out, _ = run(capsys, "vectors", "list", "--family", "exact", "--flag", "masked", "--clause", "delta-rule")
    assert (status, [line.split()[0] for line in out.splitlines()[1:]]) == (
        0,
        ["exact-linear-masked", "exact-relu-masked"],
    )
    status, _, err = run(capsys, "vectors", "list", "--flag", "nothing")
    assert (status, err) == (2, "backproof: vectors list: no vector has that family, flag and clause\n")
    assert run(capsys, "vectors", "list", "--clause", "E99")[0] == 2


def test_show_prints_the_file(capsys):
    status, out, _ = run(capsys, "vectors", "show", "e1-net-input")
    assert (status, out) == (0, (HERE / "vectors" / "e1-net-input.json").read_text(encoding="utf-8"))
    status, _, err = run(capsys, "vectors", "show", "nothing")
    assert (status, "there is no vector 'nothing' (backproof vectors list)" in err) == (2, True)


def test_verify_exits_by_what_it_finds(capsys, tmp_path):
    status, out, _ = run(capsys, "vectors", "verify", "e1-net-input", "--jobs", "1")
    assert (status, out.startswith("vectors: 1 verified")) == (0, True)
    entry = read_manifest()["vectors"]["e1-net-input"]
    manifest = {"schema": "backproof/manifest/1", "vectors": {"e1-net-input": entry}, "moved": {}, "retired": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    text = (HERE / "vectors" / entry["file"]).read_text().replace("0.125", "0.126")
    (tmp_path / entry["file"]).write_text(text)
    status, out, _ = run(capsys, "vectors", "verify", "--vectors", str(tmp_path), "--jobs", "1")
    assert status == 1
    assert "e1-net-input.json: its content hash" in out
    assert "e1-net-input.json: case.layers[0].biases[0]: expected 0.125; 0.126 came" in out
    assert run(capsys, "vectors", "verify", "nothing")[0] == 2
    assert run(capsys, "vectors", "verify", "--vectors", str(tmp_path / "none"))[0] == 2


def test_judge_exits_by_the_stored_values(capsys, program):
    status, out, _ = run(capsys, "vectors", "judge", f"{program}:right", "--dtype", "float64")
    assert (status, f"right: passes: {COUNT} vectors judged" in out) == (0, True)
    status, out, _ = run(capsys, "vectors", "judge", f"{program}:wrong", "--dtype", "float64")
    assert (status, "wrong: fails" in out, "deltas of layer 1" in out) == (1, True, True)


def test_check_judges_on_vectors_and_says_how_to_do_it_again(capsys, program):
    words = ("--vectors", "--case", "e17-sigmoid-at-0", "--case", "sigmoid-binary", "--no-autograd")
    status, out, _ = run(capsys, "check", f"{program}:right", *words)
    assert (status, "conforms" in out) == (0, True)
    status, out, _ = run(capsys, "check", f"{program}:wrong", *words)
    assert status == 1
    assert f"reproduce: backproof check {program}:wrong --vectors --case e17-sigmoid-at-0 --dtype float64" in out


def test_check_takes_a_folder_and_refuses_what_is_none(capsys, program, tmp_path):
    shutil.copytree(HERE / "vectors", tmp_path / "own")
    words = ("--vectors", str(tmp_path / "own"), "--case", "e1-net-input", "--no-autograd", "--quiet")
    assert run(capsys, "check", f"{program}:right", *words)[0] == 0
    status, _, err = run(capsys, "check", f"{program}:right", "--vectors", str(tmp_path / "none"))
    assert (status, "manifest.json: it cannot be read" in err) == (2, True)
    status, _, err = run(capsys, "check", f"{program}:right", "--vectors", "--case", "nothing")
    assert (status, "there is no such vector" in err) == (2, True)
    status, _, err = run(capsys, "check", "--vectors", f"{program}:right")
    assert (status, "no SUBJECT is left; name SUBJECT first" in err) == (2, True)


def test_export_writes_once(capsys, tmp_path):
    status, out, _ = run(capsys, "vectors", "export", str(tmp_path / "out"))
    assert (status, out.startswith(f"wrote {COUNT} vectors")) == (0, True)
    status, _, err = run(capsys, "vectors", "export", str(tmp_path / "out"))
    assert (status, "not empty" in err) == (2, True)
