"""Behaviour clauses: what is right in every call passes; what is wrong in another call deviates by its own clause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backproof.catalogue import get_case
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof.judge.behaviour import calls
from backproof.judge.findings import Judged, Status
from backproof.mutants import MUTANTS, Machine, get_mutant
from backproof.run import run_subject

CASE = get_case("mini-batch-regression")
BATCH = get_case("sigmoid-multiclass")
MASKED = get_case("masked")
ZERO = get_case("zero-error-relu")


def behaviour_of(run, case, **options):
    result = run_subject(Subject(name="subject", run=run, **options), [case], selected=True).results[0]
    assert result.error is None, result.error
    return {f.clause: f for f in result.findings if f.judged is Judged.BEHAVIOUR}


def deviating(findings):
    return {clause for clause, finding in findings.items() if finding.status is Status.DEVIATES}


@pytest.mark.parametrize("case", [CASE, BATCH, MASKED, ZERO], ids=lambda case: case.slug)
def test_a_correct_program_passes_every_clause(case):
    findings = behaviour_of(Machine(), case)
    wanted = {"B-inputs", "B-repeat", "B-permuted", "B-concatenated", "B-memory", "B-state"}
    wanted |= {"B-zero-error"} if case is ZERO else set()
    assert wanted <= findings.keys()
    assert {clause for clause in wanted if findings[clause].status is not Status.PASSED} == set()


def test_a_mean_over_the_samples_passes_when_it_is_declared():
    mean = Conventions(reduction="mean")
    assert deviating(behaviour_of(Machine(), CASE, conventions=mean)) == set()


OWN = {
    "labels-overwritten": (BATCH, "B-inputs"),
    "inputs-centred-in-place": (BATCH, "B-inputs"),
    "mask-inverted-in-place": (MASKED, "B-inputs"),
    "columns-read-as-rows": (BATCH, "B-memory"),
    "strides-ignored": (BATCH, "B-memory"),
    "gradients-kept-between-calls": (BATCH, "B-repeat"),
    "cached-by-shape": (get_case("sigmoid-regression"), "B-concatenated"),
    "order-remembered": (BATCH, "B-permuted"),
    "largest-batch-remembered": (BATCH, "B-concatenated"),
    "range-remembered": (BATCH, "B-state"),
    "every-second-call-differs": (BATCH, "B-repeat"),
    "error-never-zero": (ZERO, "B-zero-error"),
}


def test_every_mutant_of_behaviour_is_here():
    assert set(OWN) == {mutant.name for mutant in MUTANTS if mutant.of_behaviour}


@pytest.mark.parametrize("name", OWN)
def test_a_mutant_of_behaviour_deviates_by_its_clause(name):
    case, clause = OWN[name]
    assert clause in get_mutant(name).clauses
    assert clause in deviating(behaviour_of(get_mutant(name).machine(), case))


def read_in_its_own_order(values):
    return values.ravel(order="A").reshape(values.shape)


def test_columns_are_seen_where_samples_alone_are_misread():
    def net(case):
        return Machine()(replace(case, x=np.ascontiguousarray(read_in_its_own_order(case.x)), layers=case.layers))

    assert deviating(behaviour_of(net, BATCH)) == {"B-memory"}


def test_a_program_that_refuses_another_order_of_memory_deviates_and_ends_nothing():
    def net(case):
        if not case.x.flags.c_contiguous:
            msg = "rows wanted"
            raise ValueError(msg)
        return Machine()(case)

    findings = behaviour_of(net, BATCH)
    assert deviating(findings) == {"B-memory"}
    assert "rows wanted" in findings["B-memory"].message


def test_parameters_may_be_updated_in_place_and_inputs_may_not():
    def in_place(case):
        records = Machine()(case)
        for layer in case.layers:
            layer.weights[...] = 0
        return records

    def written(case):
        records = Machine()(case)
        case.x[...] = 0
        return records

    assert deviating(behaviour_of(in_place, BATCH)) == set()
    findings = behaviour_of(written, BATCH)
    assert deviating(findings) == {"B-inputs"}
    assert findings["B-inputs"].message == "x was written into"


def test_noise_from_the_global_seed_is_seen_since_every_call_has_its_own():
    def noisy(case):
        record = dict(Machine()(case)[0])
        record["weight_gradients"] = [g * (1 + 1e-3 * np.random.random()) for g in record["weight_gradients"]]  # noqa: NPY002 - the global seed is what this is about
        return record

    assert "B-repeat" in deviating(behaviour_of(noisy, BATCH))


def test_what_a_deviation_of_the_case_explains_is_downstream():
    """A gradient of the first sample only changes with the order of the batch: the order is not what is wrong."""
    findings = behaviour_of(get_mutant("gradient-of-one-sample").machine(), BATCH)
    assert findings["B-permuted"].status is Status.DOWNSTREAM
    assert findings["B-repeat"].status is Status.PASSED


def test_a_program_behind_a_pipe_is_not_asked_about_memory():
    findings = behaviour_of(Machine(), BATCH, in_process=False)
    assert "B-memory" not in findings
    assert "B-inputs" not in findings
    assert "B-state" in findings


def test_the_further_calls_of_a_single_sample_have_no_halves():
    made = calls(get_case("sigmoid-one-sample"))
    assert made.halves is None
    assert made.permuted is None
    assert [memory for _, memory in made.in_order()] == ["rows", "columns", "apart", "rows", "rows"]


def test_an_error_that_is_not_zero_is_seen_in_every_quantity():
    def restless(case):
        record = dict(Machine()(case)[0])
        record["deltas"] = [delta + np.finfo(delta.dtype).tiny for delta in record["deltas"]]
        return record

    findings = behaviour_of(restless, ZERO)
    assert findings["B-zero-error"].status is Status.DEVIATES
    assert findings["B-zero-error"].quantity == "deltas"
