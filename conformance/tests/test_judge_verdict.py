"""The verdict, the first that holds: broken, deviates, broken, incomplete, conforms."""

from __future__ import annotations

import pytest
from judge_machine import Machine, stable_loss, stable_output_delta

from backproof.catalogue import all_cases, get_case
from backproof.conventions import Conventions
from backproof.diagnosis import suggest_conventions
from backproof.door import Subject
from backproof.run import run_subject
from backproof.verdict import Exit, Verdict

SOME = all_cases("float64")[:14]


def verdict(run, cases=SOME, **declared):
    return Verdict(run_subject(Subject(name="machine", run=run, **declared), cases, selected=len(cases) < 10))


def raising(_):
    raise RuntimeError("out of luck")


def test_everything_right_conforms():
    assert verdict(Machine()).exit is Exit.CONFORMS


def test_a_subject_that_always_raises_is_broken():
    outcome = verdict(raising)
    assert (outcome.name, outcome.exit) == ("broken", 3)
    assert "RuntimeError: out of luck" in outcome.run.results[0].error


def test_one_error_beside_right_cases_is_broken_but_beside_a_deviation_it_deviates():
    def sometimes(machine):
        return lambda case: raising(case) if case.slug == "sigmoid-binary" else machine(case)

    assert verdict(sometimes(Machine())).name == "broken"
    assert verdict(sometimes(Machine(update=lambda p, g, r: p + r * g))).name == "deviates"


def test_fewer_than_ten_cases_are_incomplete():
    """A green run must mean something."""
    outcome = verdict(Machine(), losses=("log",), skips=("several-updates",))
    assert (outcome.name, outcome.exit) == ("incomplete", 4)
    assert verdict(Machine(), losses=("log", "squared", "cross_entropy")).name == "conforms"


def test_everything_skipped_is_incomplete_and_not_conforming():
    assert verdict(Machine(), activations=("gelu",)).name == "incomplete"


def test_showing_neither_gradients_nor_parameters_does_not_conform():
    outcome = verdict(Machine(shows=("deltas", "net_inputs", "activations", "loss")))
    assert outcome.name == "broken"
    assert "shows neither gradients nor updated parameters" in outcome.run.results[0].error


@pytest.mark.parametrize("answer", [{}, []])
def test_an_empty_observation_does_not_conform(answer):
    assert verdict(lambda _: answer).name == "broken"


def test_showing_deltas_only_where_they_are_right_does_not_conform():
    """An observable is one everywhere or nowhere."""

    def selective(case):
        records = Machine()(case)
        if case.depth > 2:
            for record in records:
                del record["deltas"]
        return records

    outcome = verdict(selective, all_cases("float64")[:40])
    assert outcome.name == "broken"
    assert any("deltas is not shown in this case" in (r.error or "") for r in outcome.run.results)


def test_a_declared_observable_that_is_missing_is_an_error():
    outcome = verdict(Machine(shows=("weights", "biases")), observes=("deltas",))
    assert outcome.name == "broken"
    assert "deltas is not shown in this case, although it is declared" in outcome.run.results[1].error


def test_every_clause_has_a_status_and_derived_ones_follow_their_carrier():
    outcome = verdict(Machine(hidden_delta=lambda _r, _z, _a, w, d: d @ w), all_cases("float64"))
    status = {s.clause.id: s.status for s in outcome.clauses}
    assert status["E17"] == status["E12"] == status["E21"] == status["X4"] == "deviates"
    assert {status[name] for name in ("E1", "E18", "E22", "E24", "E11", "E26")} <= {"conforms", "downstream"}
    assert status["A1"] == "downstream"


def test_all_clauses_of_the_article_are_shown_to_conform_in_both_dtypes():
    for dtype in ("float64", "float32"):
        outcome = verdict(Machine(), all_cases(dtype))
        assert {s.status for s in outcome.clauses} == {"conforms"}, [
            (s.clause.id, s.status) for s in outcome.clauses if s.status != "conforms"
        ]


def test_the_first_deviation_is_in_the_smallest_case():
    outcome = verdict(Machine(update=lambda p, g, r: p + p.dtype.type(r) * g), all_cases("float64"))
    sizes = {case.slug: case.size for case in all_cases("float64")}
    first = outcome.first_deviation
    assert sizes[first.case] == min(sizes[f.case] for f in outcome.deviations)


def halved():
    return Machine(
        loss=lambda c, y, z, o: stable_loss(c, y, z, o) * (0.5 if c.loss == "squared" else 1.0),
        output_delta=lambda c, y, z, o: stable_output_delta(c, y, z, o) * (0.5 if c.loss == "squared" else 1.0),
    )


def test_a_pure_convention_mismatch_is_named():
    run = run_subject(Subject(name="half", run=halved()), SOME)
    assert [s.name for s in suggest_conventions(run)] == ["loss_factor=0.5"]
    declared = run_subject(Subject(name="half", run=halved(), conventions=Conventions(loss_factor=0.5)), SOME)
    assert Verdict(declared).name == "conforms"
    assert suggest_conventions(declared) == []


def test_a_real_bug_gets_no_convention_as_an_excuse():
    run = run_subject(Subject(name="ascent", run=Machine(update=lambda p, g, r: p + r * g)), SOME)
    assert suggest_conventions(run) == []


def test_final_parameters_alone_are_judged_end_to_end():
    def final(machine):
        return lambda case: {"final": {k: machine(case)[-1][k] for k in ("weights", "biases")}}

    cases = [get_case(slug) for slug in ("batch-descent", "stochastic-descent", "mini-batch-descent")]
    right = verdict(final(Machine()), cases)
    assert {f.clause for f in right.run.findings} >= {"M1", "M2", "M3"}
    assert right.deviations == []
    wrong = verdict(final(Machine(update=lambda p, g, r: p - 1.001 * r * g)), cases)
    assert {f.case for f in wrong.deviations} == {case.slug for case in cases}
