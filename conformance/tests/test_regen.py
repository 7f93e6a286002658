"""Regeneration: hand edits refused, revisions held to, changes told, and a tree that no kill leaves half written."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backproof.errors import UsageError
from backproof.regen import aside as aside_module
from backproof.regen.aside import PREFIX, aside, put_in_place
from backproof.regen.review import changes, clause_of, distance, show
from backproof.regen.vectors import check_revisions, refuse_edits
from backproof_fixtures import HERE, read_vectors

ROOT = Path(__file__).parents[2]
FEW = ("e1-net-input", "e17-sigmoid-at-0", "one-neuron-a-layer")
VECTORS = read_vectors().vectors


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(HERE / "vectors", tmp_path / "vectors")
    return tmp_path / "vectors"


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_edit_by_hand_is_refused_and_named(folder):
    refuse_edits(folder)
    edit(folder / "e17-sigmoid-at-0.json", "3.0", "3.5")
    with pytest.raises(UsageError, match=r"e17-sigmoid-at-0\.json was edited by hand.*git checkout.*--overwrite"):
        refuse_edits(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(UsageError, match=r"manifest\.json: not JSON.*--overwrite"):
        refuse_edits(folder)
    refuse_edits(folder.parent)


def revised(change, slug="e1-net-input"):
    data = copy.deepcopy(VECTORS[slug])
    change(data)
    return data


def test_numbers_that_change_need_a_new_revision_and_only_they():
    stored = {slug: VECTORS[slug] for slug in FEW}
    check_revisions(stored, list(stored.values()))
    check_revisions({}, list(stored.values()))
    other = revised(lambda data: data["expected"][0].update(net_inputs=[[[0.5]]]))
    with pytest.raises(UsageError, match="e1-net-input: its numbers change, the revision of its generator does not"):
        check_revisions(stored, [other])
    raised = revised(lambda data: data["provenance"].update(revision=2))
    with pytest.raises(UsageError, match="the revision of 'one-equation' was raised, but no number"):
        check_revisions(stored, [raised])
    other["provenance"]["revision"] = 2
    check_revisions(stored, [other])
    check_revisions(stored, [revised(lambda data: data.update(kills=["ascent"]))])


def test_a_change_is_told_with_its_distance_and_its_clause(folder, tmp_path, capsys):
    shutil.copytree(folder, tmp_path / "new")
    edit(
        tmp_path / "new" / "e17-sigmoid-at-0.json",
        '"expected": [{"deltas": [[[3.0]]',
        '"expected": [{"deltas": [[[3.0000000000000004]]',
    )
    (tmp_path / "new" / "further.json").write_text("{}")
    (tmp_path / "new" / "e1-net-input.json").unlink()
    found = {change.file: change for change in changes(folder, tmp_path / "new")}
    assert found["further.json"].what == "new file"
    assert found["e1-net-input.json"].what == "nothing writes it"
    told = found["e17-sigmoid-at-0.json"]
    assert (told.old, told.new, told.distance) == ("3.0", "3.0000000000000004", "1 ulp, 4.44e-16")
    assert told.clause == "E17, E22"
    assert "deltas" in told.what
    show(list(found.values()), "vectors")
    assert "3 changes in 3 files" in capsys.readouterr().out
    show([], "vectors")
    assert "nothing changed" in capsys.readouterr().out
    assert list(changes(folder, folder)) == []


def test_white_space_and_other_types_are_changes_too(tmp_path):
    for name, texts in {"a": ('{"x": 1}', '{"x":  1}'), "b": ('{"x": 1}', '{"x": 1.0}')}.items():
        for side, text in zip(("old", "new"), texts, strict=True):
            (tmp_path / side).mkdir(exist_ok=True)
            (tmp_path / side / f"{name}.json").write_text(text)
    assert [change.what for change in changes(tmp_path / "old", tmp_path / "new")] == ["the text, no value", "x"]


def test_clauses_and_distances_are_those_of_values():
    assert clause_of("bounds / float64[0] / loss") == "E3 to E6"
    assert clause_of("case / layers[0] / weights[0][0]") == ""
    assert distance(1.0, 1.0 + 2**-52) == "1 ulp, 2.22e-16"
    assert distance("a", "b") == ""


@pytest.mark.parametrize("at_once", [True, False])
def test_a_folder_takes_the_place_of_another(tmp_path, at_once, monkeypatch):
    if not at_once:
        monkeypatch.setattr(aside_module, "_exchanged", lambda *_: False)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    put_in_place(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "file").read_text() == "new"


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    left, living = tmp_path / f"{PREFIX}{dead.stdout.strip()}-x", tmp_path / f"{PREFIX}{os.getpid()}-y"
    for folder in (left, living):
        folder.mkdir()
    with aside(tmp_path) as folder:
        assert folder.is_dir()
        assert not left.exists()
        assert living.exists()
    assert not folder.exists()


DRIVER = """
import sys
from backproof.regen import regenerate, vectors
from backproof.vectors.families import all_entries
few = tuple(entry for entry in all_entries() if entry.slug in {few!r})
vectors.all_entries = lambda: few
vectors._emitted.__globals__["all_entries"] = vectors.all_entries
sys.exit(regenerate(1, overwrite=True))
"""


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: a killed regeneration was not looked at")
@pytest.mark.skipif(
    not (ROOT / "fixtures" / "tests").is_dir(), reason="no source tree: there are no goldens to rewrite"
)
def test_a_regeneration_that_is_killed_leaves_git_status_clean(tmp_path):
    """Killed at several moments, with changes about to be put in place; then once to the end, which makes them."""
    root = tmp_path / "clone"
    shutil.copytree(
        ROOT / "fixtures", root / "fixtures", ignore=shutil.ignore_patterns("__pycache__", ".regen-*", "test_[!g]*")
    )
    shutil.copy(ROOT / ".gitignore", root)
    shutil.copy(ROOT / "pyproject.toml", root)
    here = root / "fixtures" / "backproof_fixtures"
    shutil.rmtree(here / "vectors")
    (here / "vectors").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(root / "fixtures"), "PYTHONDONTWRITEBYTECODE": "1"}

    def git(*words):
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        return subprocess.run(
            [shutil.which("git"), *identity, *words], cwd=root, capture_output=True, text=True, check=True
        ).stdout

    def start():
        command = [sys.executable, "-c", DRIVER.format(few=FEW)]
        return subprocess.Popen(
            command,
            cwd=root,
            env=environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    first = start()
    _, said = first.communicate(timeout=300)
    assert first.returncode == 0, said
    edit(here / "vectors" / "e17-sigmoid-at-0.json", "3.0", "3.5")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "as it stands")
    moments = ("", "vectors", "goldens")  # what stands aside when the kill comes
    for moment in moments:
        running = start()
        ends = time.monotonic() + 120
        while not list((root / "fixtures").glob(f"{PREFIX}{running.pid}-*/{moment}")):
            assert running.poll() is None, "it ended before it was killed"
            assert time.monotonic() < ends
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        assert git("status", "--porcelain") == "", moment
    done = start()
    done.communicate(timeout=300)
    assert done.returncode == 0
    assert git("status", "--porcelain").split() == ["M", "fixtures/backproof_fixtures/vectors/e17-sigmoid-at-0.json"]
    assert not list((root / "fixtures").glob(f"{PREFIX}*"))
