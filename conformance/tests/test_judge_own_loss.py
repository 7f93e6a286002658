"""B-own-loss: the gradient is that of the reported loss, whatever is declared."""

from __future__ import annotations

import pytest
from judge_machine import Machine, stable_loss

from backproof.catalogue import all_cases, get_case
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof.judge.findings import Status
from backproof.run import run_subject

CASES = [get_case(slug) for slug in ("tanh-regression", "sigmoid-regression", "relu-regression", "wide-relu")]


def own_loss(machine, cases=CASES, **conventions):
    run = run_subject(Subject(name="machine", run=machine, conventions=Conventions(**conventions)), cases)
    return [f for f in run.findings if f.clause == "B-own-loss"], run


def test_a_right_pair_conforms_and_is_no_vacuous_pass():
    findings, _ = own_loss(Machine())
    assert {f.status for f in findings} == {Status.PASSED}
    assert len(findings) == len(CASES)


def test_a_mean_over_outputs_with_the_gradient_of_the_sum_is_named():
    """scikit-learn's fault, by itself: off by exactly the number of outputs."""
    machine = Machine(loss=lambda c, y, z, o: stable_loss(c, y, z, o) / y.shape[1])
    findings, run = own_loss(machine)
    assert {f.status for f in findings} == {Status.DEVIATES}
    assert run.notes == (
        "squared loss, 4 cases: the reported loss is the one whose gradient is used, divided by the number of outputs.",
    )


def test_no_declared_convention_can_hide_it():
    machine = Machine(loss=lambda c, y, z, o: stable_loss(c, y, z, o) / y.shape[1])
    findings, run = own_loss(machine, output_reduction="mean")
    assert {f.status for f in findings} == {Status.DOWNSTREAM}, "the deltas are then those of the sum, and deviate"
    assert {f.clause for f in run.findings if f.status is Status.DEVIATES} == {"E22"}


def test_a_loss_that_differs_by_a_constant_has_the_same_gradient():
    """The reported loss itself is differentiated: J + 1 is right, J + |W|^2 is not."""
    findings, _ = own_loss(Machine(loss=lambda *a: stable_loss(*a) + 1))
    assert {f.status for f in findings} == {Status.PASSED}

    def with_decay(case, *a):
        return stable_loss(case, *a) + sum((layer.weights**2).sum() for layer in case.layers)

    findings, _ = own_loss(Machine(loss=with_decay))
    assert {f.status for f in findings} == {Status.DEVIATES}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_no_correct_code_is_failed_on_the_catalogue(dtype):
    findings, _ = own_loss(Machine(), all_cases(dtype))
    assert Status.DEVIATES not in {f.status for f in findings}
    assert sum(f.status is Status.PASSED for f in findings) > 50
