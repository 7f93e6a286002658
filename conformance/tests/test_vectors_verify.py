"""Verification: any digit that is flipped is found and named, with its hash made to fit or not."""

from __future__ import annotations

import json
import re
import shutil
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backproof.vectors.families import all_entries
from backproof.vectors.identity import make_manifest
from backproof.vectors.text import canonical
from backproof.vectors.verify import differences, verify, verify_content
from backproof_fixtures import HERE, read_manifest, read_vectors

SMALL = (
    "e17-sigmoid-at-0",
    "e11-sum-over-the-samples",
    "one-neuron-a-layer",
    "exact-linear-one-layer",
    "grid-relu-at-0",
)
TEXTS = {slug: (HERE / "vectors" / f"{slug}.json").read_text(encoding="utf-8") for slug in SMALL}
DIGITS = {slug: [match.start() for match in re.finditer(r"\d", text)] for slug, text in TEXTS.items()}
EVERY = 7
SLUGS = [entry.slug for entry in all_entries()]


def stored(folder, slug, text, *, hashed):
    """A folder with one vector of this text; hashed: its manifest fits the text."""
    original = TEXTS[slug]
    entry = {"file": f"{slug}.json", "sha256": sha256((text if hashed else original).encode()).hexdigest()}
    manifest = {"schema": "backproof/manifest/1", "vectors": {slug: entry}, "moved": {}, "retired": {}}
    (folder / f"{slug}.json").write_text(text, encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.mark.parametrize("slug", SLUGS[::EVERY])
def test_a_share_of_the_vectors_is_what_the_code_makes(slug):
    """To the byte, on this machine and this Python; all of them in one environment (below)."""
    content = (HERE / "vectors" / f"{slug}.json").read_bytes()
    assert verify_content((slug, f"{slug}.json", content)) == []


@pytest.mark.slow
def test_every_vector_is_what_the_code_makes():
    """To the byte, the manifest too: what `backproof regen --check` says of the vectors."""
    assert verify(jobs=2) == []
    texts = {slug: (HERE / "vectors" / f"{slug}.json").read_text(encoding="utf-8") for slug in SLUGS}
    assert canonical(make_manifest(texts)) == (HERE / "vectors" / "manifest.json").read_text(encoding="utf-8")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), slug=st.sampled_from(SMALL), hashed=st.booleans())
def test_a_flipped_digit_is_found_and_named(tmp_path_factory, data, slug, hashed):
    text = TEXTS[slug]
    at = data.draw(st.sampled_from(DIGITS[slug]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    flipped = text[:at] + digit + text[at + 1 :]
    problems = verify(stored(tmp_path_factory.mktemp("flip"), slug, flipped, hashed=hashed))
    assert problems
    assert all(problem.file == f"{slug}.json" for problem in problems)
    named = [problem for problem in problems if problem.field or "not JSON" in problem.reason]
    assert named, "the field is named, or the text is no JSON any more (a leading zero)"
    if not hashed and "not JSON" not in str(problems[0]):
        assert "content hash" in problems[0].reason


@pytest.mark.parametrize("slug", SMALL)
def test_an_untouched_file_has_no_problem(slug, tmp_path):
    assert verify(stored(tmp_path, slug, TEXTS[slug], hashed=True)) == []


def edited(slug, change):
    data = json.loads(TEXTS[slug])
    change(data)
    return canonical(data)


@pytest.mark.parametrize(
    ("slug", "change", "field"),
    [
        ("one-neuron-a-layer", lambda d: d["expected"][0].update(loss=0.5), "expected[0].loss"),
        ("one-neuron-a-layer", lambda d: d["case"].update(learning_rate=0.25), "case.learning_rate"),
        ("one-neuron-a-layer", lambda d: d["provenance"].update(seed=1), "provenance.seed"),
        ("one-neuron-a-layer", lambda d: d["provenance"].update(revision=2), "provenance.revision"),
        ("one-neuron-a-layer", lambda d: d.update(kills=d["kills"][1:]), "kills"),
        ("one-neuron-a-layer", lambda d: d["bounds"]["float64"][0].update(loss=-3), "bounds.float64[0].loss"),
        ("one-neuron-a-layer", lambda d: d["oracles"]["complex step"].update(within=-3), "oracles.complex step.within"),
        ("one-neuron-a-layer", lambda d: d.update(title="Another"), "title"),
        ("grid-relu-at-0", lambda d: d["conventions"].update(kink="right"), "conventions.kink"),
        ("grid-relu-at-0", lambda d: d.update(further=1), ""),
        ("grid-relu-at-0", lambda d: d["case"]["layers"][0].update(activation={"name": "x", "parameters": {}}),
         "case.layers[0].activation.name"),
    ],
)  # fmt: skip
def test_what_is_changed_is_named_although_the_hash_fits(slug, change, field, tmp_path):
    problems = verify(stored(tmp_path, slug, edited(slug, change), hashed=True))
    assert [problem.field for problem in problems] == [field]
    assert problems[0].file == f"{slug}.json"


def test_a_field_that_is_missing_is_named_by_the_reader_and_the_schema(tmp_path):
    problems = verify(stored(tmp_path, SMALL[0], edited(SMALL[0], lambda data: data.pop("kills")), hashed=True))
    assert [problem.field for problem in problems] == ["kills", ""]
    assert "'kills' is a required property" in problems[1].reason


def test_a_vector_of_ones_own_is_held_against_its_own_case(tmp_path):
    text = TEXTS["one-neuron-a-layer"].replace('"slug": "one-neuron-a-layer"', '"slug": "my-own"')
    entry = {"file": "my-own.json", "sha256": ""}

    def problems(changed):
        entry["sha256"] = sha256(changed.encode()).hexdigest()
        manifest = {"schema": "backproof/manifest/1", "vectors": {"my-own": entry}, "moved": {}, "retired": {}}
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        (tmp_path / "my-own.json").write_text(changed)
        return verify(tmp_path)

    assert problems(text) == []
    wrong = json.loads(text)
    wrong["expected"][0]["deltas"][1][0][0] += 1
    assert [problem.field for problem in problems(canonical(wrong))] == ["expected[0].deltas[1][0][0]"]
    wrong = json.loads(text)
    wrong["case"]["batches"] = [[5]]
    assert "batches[1] must hold sample indices" in problems(canonical(wrong))[0].reason


def test_white_space_is_no_change_of_a_value_but_of_the_bytes(tmp_path):
    problems = verify(
        stored(tmp_path, SMALL[0], TEXTS[SMALL[0]].replace('"a"', '"a" ').replace("{\n", "{ \n", 1), hashed=True)
    )
    assert "canonical form" in problems[0].reason


def test_a_number_written_with_a_digit_too_many_is_named():
    assert list(differences('{"a": [1.50]}', '{"a": [1.5]}')) == [("a[0]", "1.50", "1.5")]
    assert list(differences('{"a": 1}', '{"a": 1.0}')) == [("a", "1", "1.0")]
    assert list(differences('{"a": "1"}', '{"a": 1}')) == [("a", "1", "1")]
    assert list(differences('{"a": 1}', '{"b": 1}')) == [("b", "nothing", "1"), ("a", "1", "nothing")]


def test_only_those_that_are_asked_for_are_computed_again():
    assert verify(slugs=["e1-net-input"]) == []


def test_other_files_are_named_and_nothing_else_is_lost(tmp_path):
    folder = tmp_path / "vectors"
    folder.mkdir()
    for slug in SMALL[:2]:
        shutil.copy(HERE / "vectors" / f"{slug}.json", folder)
    entries = {slug: read_manifest()["vectors"][slug] for slug in SMALL[:3]}
    manifest = {"schema": "backproof/manifest/1", "vectors": entries, "moved": {}, "retired": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert [(p.file, "cannot be read" in p.reason) for p in verify(folder)] == [(f"{SMALL[2]}.json", True)]
    assert list(read_vectors(folder).vectors) == list(SMALL[:2])
