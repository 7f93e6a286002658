"""Judging by vectors: plainly, as the validators do, and as one more oracle of the judge."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from backproof.api import check
from backproof.catalogue import all_cases
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof.errors import OracleError, SkipError, UsageError
from backproof.loading import load_subject
from backproof.mutants import Machine, get_mutant
from backproof.vectors.plain import judge_plainly
from backproof.vectors.reading import VectorOracle, case_of, load, values_of

VECTORS = load()
BOTH = ("float64", "float32")
FEW = [VECTORS[slug] for slug in ("e17-sigmoid-at-0", "worked-example", "exact-relu-two-layers", "saturated-log")]


def test_the_numpy_implementation_passes_every_vector_in_both_dtypes():
    tally = judge_plainly(load_subject("numpy"), VECTORS.values(), BOTH)
    assert tally.passed, (tally.misses[:3], tally.errors[:3])
    assert (tally.vectors, tally.skipped) == (2 * len(VECTORS), ())
    assert tally.vacuous < 0.03 * tally.values


@pytest.mark.parametrize("slug", ["sigmoid-binary", "relu-multiclass", "e17-relu-on-and-off", "grid-tanh", "masked"])
def test_every_claimed_mutant_fails_its_vector_and_the_machine_passes(slug):
    vector = [VECTORS[slug]]
    assert judge_plainly(Subject(name="machine", run=Machine()), vector, BOTH).passed
    for name in VECTORS[slug]["kills"]:
        wrong = Subject(name=name, run=get_mutant(name).machine())
        assert judge_plainly(wrong, vector, ("float64",)).misses, name


def test_a_miss_says_where():
    wrong = Subject(name="wrong", run=get_mutant("derivative-missing").machine())
    tally = judge_plainly(wrong, [VECTORS["e17-sigmoid-at-0"]], ("float64",))
    assert str(tally.misses[0]) == (
        "e17-sigmoid-at-0 (float64): update 1, deltas of layer 1 at [0, 0]: got 12.0, expected 3.0"
    )
    assert not tally.passed


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda record: {**record, "deltas": [d.astype(np.float32) for d in record["deltas"]]}, "got float32 (1, 1)"),
        (lambda record: {**record, "deltas": [d[0] for d in record["deltas"]]}, "got float64 (1,)"),
        (lambda record: {**record, "deltas": [d * np.nan for d in record["deltas"]]}, "got nan, expected 3.0"),
        (lambda record: {**record, "deltas": [d + 2.0**-44 for d in record["deltas"]]}, "expected 3.0"),
    ],
)
def test_other_dtypes_shapes_nan_and_the_next_power_of_two_fail(change, text):
    wrong = Subject(name="wrong", run=lambda case: [change(record) for record in Machine()(case)])
    tally = judge_plainly(wrong, [VECTORS["e17-sigmoid-at-0"]], ("float64",))
    assert text in str(tally.misses[0])


def test_a_loss_that_is_not_finite_or_too_small_fails_where_only_a_limit_is_known():
    vector = VECTORS["grid-log-loss-far-wrong"]
    assert "at_least" in vector["bounds"]["float64"][0]["loss"]
    for loss, passed in ((np.inf, False), (1.0, False), (1e6, True)):
        subject = Subject(
            name="s", run=lambda case, loss=loss: [{**Machine()(case)[0], "loss": case.x.dtype.type(loss)}]
        )
        assert judge_plainly(subject, [vector], ("float64",)).passed is passed


def test_errors_and_skips_are_counted_and_nothing_compared_is_no_pass():
    def raises(case):
        raise ValueError(case.slug)

    def skips(case):
        raise SkipError(case.slug)

    assert len(judge_plainly(Subject(name="s", run=raises), FEW, BOTH).errors) == 2 * len(FEW)
    for subject in (Subject(name="s", run=skips), Subject(name="s", run=Machine(), losses=())):
        tally = judge_plainly(subject, FEW, BOTH)
        assert (len(tally.skipped), tally.passed) == (2 * len(FEW), False)
    one = Subject(name="s", run=lambda case: Machine()(case)[:1])
    assert any("2 updates are expected; 1 came" in line for line in judge_plainly(one, FEW, BOTH).errors)


def test_a_subject_with_other_conventions_is_not_held_against_the_stored_values():
    subject = Subject(name="half", run=Machine(), conventions=Conventions(loss_factor=0.5))
    with pytest.raises(UsageError, match=r"half declares loss_factor=0\.5.*check --vectors"):
        judge_plainly(subject, FEW, BOTH)
    other = Subject(name="right", run=Machine(), conventions=Conventions(kink="right"))
    tally = judge_plainly(other, [VECTORS["grid-relu-at-0"]], BOTH)
    assert "f'(0) is declared as right" in tally.skipped[0]


def findings_of(result):
    return [
        (f.clause, f.quantity, f.case, f.dtype, f.step, f.layer, f.judged, f.status, f.ratio)
        for f in result.judged.run.findings
        if f.source != VectorOracle.name
    ]


@pytest.mark.parametrize("name", ["numpy", "derivative-missing"])
def test_the_python_door_and_the_vectors_give_the_same_findings(name):
    """On the catalogue's cases, clause by clause, with the same statuses; the stored values only add to it."""
    subject = load_subject("numpy") if name == "numpy" else Subject(name=name, run=get_mutant(name).machine())
    cases = all_cases()
    stored = [case_of(VECTORS[case.slug]).as_dtype(case.dtype) for case in cases]
    by_python = check(subject, cases, autograd=False, selected=False)
    by_files = check(subject, stored, autograd=False, selected=False, further=[VectorOracle(VECTORS.values())])
    assert findings_of(by_python) == findings_of(by_files)
    assert by_python.verdict == by_files.verdict == ("conforms" if name == "numpy" else "deviates")
    for key in ("id", "status"):
        assert [c[key] for c in by_python.report["clauses"]] == [c[key] for c in by_files.report["clauses"]]
    added = [f for f in by_files.judged.run.findings if f.source == VectorOracle.name]
    assert len({f.case for f in added}) > 50


def test_a_wrong_stored_value_is_an_oracle_that_disagrees():
    data = {**VECTORS["sigmoid-binary"]}
    data["expected"] = [{**data["expected"][0], "loss": data["expected"][0]["loss"] + 1e-9}]
    with pytest.raises(OracleError, match=r"sigmoid-binary.*vectors "):
        check(load_subject("numpy"), [case_of(data)], autograd=False, further=[VectorOracle([data])])


def test_the_stored_values_are_those_of_their_own_case_alone():
    data = VECTORS["sigmoid-binary"]
    oracle, case = VectorOracle([data]), case_of(data)
    assert np.array_equal(oracle.steps(case)[0]["loss", 0], values_of(data)[0]["loss", 0])
    assert oracle.steps(case.under(Conventions(weight_layout="in_out"))) is not None
    assert oracle.steps(case.under(Conventions(reduction="mean"))) is None
    assert oracle.steps(case.as_dtype("float32")) is None
    assert oracle.steps(replace(case, slug="another")) is None
    assert oracle.steps(replace(case, x=case.x * 2)) is None
    assert oracle.steps(replace(case, x=case.x[:3], y=case.y[:3], batches=((0, 1, 2),))) is None
    exact = VECTORS["exact-relu-two-layers"]
    assert VectorOracle([exact]).steps(case_of(exact).as_dtype("float32")) is not None


def test_a_vector_that_is_no_case_is_named():
    data = {**VECTORS["sigmoid-binary"]}
    with pytest.raises(UsageError, match="vector 'sigmoid-binary': case 'sigmoid-binary': batches"):
        case_of({**data, "case": {**data["case"], "batches": [[9]]}})
    with pytest.raises(UsageError, match="vector 'sigmoid-binary': case: KeyError"):
        case_of({**data, "case": {}})


def test_a_folder_with_a_broken_file_is_not_judged_by_halves(tmp_path):
    manifest = {"schema": "backproof/manifest/1", "vectors": {"a": {"file": "a.json", "sha256": ""}}}
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "moved": {}, "retired": {}}))
    with pytest.raises(UsageError, match=r"a\.json: it cannot be read"):
        load(tmp_path)
