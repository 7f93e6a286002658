"""Power: every mutant is caught, nothing right is failed, and a weakened judge is noticed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from backproof.catalogue import all_cases
from backproof.door import Subject
from backproof.judge import end_to_end, local, presence
from backproof.judge import findings as findings_module
from backproof.judge.local import LocalStep
from backproof.mutants import MUTANTS, Machine, get_mutant
from backproof.mutants.correct import CORRECT
from backproof.mutants.matrix import row
from backproof.run import run_subject
from backproof.selftest import as_data, strangers
from backproof.verdict import Verdict
from backproof_fixtures import HERE
from backproof_spec import clauses

GOLDEN = json.loads((HERE / "kill_matrix.json").read_text(encoding="utf-8"))
INDEPENDENT = Path(__file__).parent / "independent"
QUICK = [mutant.name for mutant in MUTANTS][::10]


def test_there_are_at_least_80_mutants_each_with_a_name_a_clause_and_a_reason():
    assert len(MUTANTS) >= 80
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        assert mutant.clauses, mutant.name
        assert mutant.explanation, mutant.name
    assert set(GOLDEN) == {mutant.name for mutant in MUTANTS}, "run `backproof selftest --json` and store it"


def test_the_clause_is_derived_from_the_step_and_not_typed_in():
    assert get_mutant("derivative-missing").clauses == ("E17",)
    assert get_mutant("ascent").clauses == ("E26",)
    assert get_mutant("stale-activations").clauses == ("E1", "E18")


@pytest.mark.parametrize("name", QUICK)
def test_a_row_of_the_matrix_is_what_the_golden_says(name):
    """Computed now, in float64 with everything shown: the same as when the whole matrix was stored."""
    found = as_data([row(name, "float64", "everything")])[name]
    assert found["float64, everything"] == GOLDEN[name]["float64, everything"]


def test_the_stored_matrix_keeps_every_promise():
    for name, settings in GOLDEN.items():
        for setting, cell in settings.items():
            assert cell["equivalent"] or (cell["killed"] > 0 and not cell["escaped"]), (name, setting)
            if setting.endswith("everything") and not cell["equivalent"]:
                assert cell["first"] in get_mutant(name).clauses, (name, setting)


def test_every_observed_clause_has_a_mutant_killed_through_it():
    """E3 is the sum over the samples, which the losses E4 to E6 carry."""
    killed = {clause for settings in GOLDEN.values() for cell in settings.values() for clause in cell["clauses"]}
    observed = {clause.id for clause in clauses() if clause.observed}
    assert observed - killed == {"E3"}


def test_the_readme_prints_the_figures_of_the_matrix():
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for setting in ("float64, everything", "float32, everything", "float64, weights", "float32, weights"):
        real = sum(not settings[setting]["equivalent"] for settings in GOLDEN.values())
        assert re.search(rf"\| mutants killed, {setting} shown .*\| {real} of {real} \|", text), (setting, real)
    assert f"| correct implementations failed | 0 of {len(CORRECT)} |" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", CORRECT)
def test_no_correct_implementation_is_failed(name):
    outcome = Verdict(run_subject(CORRECT[name], all_cases()))
    assert outcome.name == "conforms", outcome.first_deviation


PAIRS = [
    ("derivative-missing", "ascent"),
    ("derivative-missing", "bias-never-updated"),
    ("weights-not-transposed", "rate-squared"),
    ("output-delta-half", "gradient-clipped"),
    ("labels-off-by-one", "bias-gradient-doubled"),
    ("deltas-through-updated-weights", "gradient-mean"),
    ("bias-forgotten-forward", "delta-doubled"),
    ("activations-through-float16", "weight-decay"),
    ("tanh-derivative-unsquared", "gradient-one-bad-element"),
    ("loss-halved", "bias-ascent"),
    ("output-derivative-missing", "last-unit-dropped"),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_bugs_are_two_deviations(first, second):
    machine = get_mutant(second).machine(get_mutant(first).machine())
    outcome = Verdict(run_subject(Subject(name="two", run=machine), all_cases("float64")))
    found = {finding.clause for finding in outcome.deviations}
    assert found & set(get_mutant(first).clauses)
    assert found & set(get_mutant(second).clauses)


def weakened(monkeypatch, change):
    """Replace the comparison everywhere it is used."""
    for module in (local, end_to_end):
        monkeypatch.setattr(module, "compare", change)


def test_a_tolerance_a_million_times_wider_is_noticed(monkeypatch):
    def wider(values, reference, bound, **options):
        return findings_module.compare(values, reference, bound * 1e6, **options)

    assert row("noise-1e-5", "float32", "everything").holds
    weakened(monkeypatch, wider)
    assert not row("noise-1e-5", "float32", "everything").holds


def test_local_judgement_switched_off_is_noticed(monkeypatch):
    from backproof.judge import case as judge_case

    monkeypatch.setattr(judge_case, "judge_update", lambda _case, _step, network, _values: LocalStep((), network))
    found = as_data([row("noise-1e-5", "float32", "everything")])["noise-1e-5"]["float32, everything"]
    assert found["killed"] < GOLDEN["noise-1e-5"]["float32, everything"]["killed"], "and the golden says so"
    name, setting = "deltas-through-both-weights", "float32, everything"
    without = as_data([row(name, "float32", "everything")])[name][setting]
    assert set(without["clauses"]) > set(GOLDEN[name][setting]["clauses"]), "consequences are then deviations"


def test_nan_treated_as_a_pass_is_noticed(monkeypatch):
    def forgiving(values, reference, bound, **options):
        filled = np.where(np.isnan(values), np.nan_to_num(findings_module.middle(reference)), values)
        return findings_module.compare(filled, reference, bound, **options)

    original = presence._problem

    def silent(case, step, quantity, layer, shown, *, absent):
        filled = np.where(np.isfinite(shown), shown, 0).astype(shown.dtype)
        return original(case, step, quantity, layer, filled, absent=absent)

    assert row("softmax-not-shifted", "float64", "everything").holds
    weakened(monkeypatch, forgiving)
    monkeypatch.setattr(presence, "_problem", silent)
    assert not row("softmax-not-shifted", "float64", "everything").holds


@pytest.mark.slow
def test_strangers_programs_are_judged_right_and_their_bugs_named():
    """Each seventh of them, since all take a quarter of an hour: `backproof selftest --independent` judges all."""
    found = strangers(INDEPENDENT, jobs=2, every=7)
    assert [s.name for s in found if not s.judged_right] == []
    known = [s for s in found if s.expected not in ("none", "correct")]
    assert len(known) >= 20
    assert sum(s.named_right for s in known) >= 0.9 * len(known)
    others = [s for s in found if s.expected in ("none", "correct")]
    assert [s.name for s in others if not s.named_right] == [], "what is unknown gets no name"


def test_what_conforms_is_not_diagnosed():
    from backproof.api import check

    assert check(Subject(name="machine", run=Machine()), autograd=False).diagnosis == []
    assert (
        check(Subject(name="wrong", run=get_mutant("ascent").machine()), autograd=False).diagnosis[0].name == "ascent"
    )
