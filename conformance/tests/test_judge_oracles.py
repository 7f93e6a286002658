"""Three independent sources agree before they judge anyone: ball arithmetic, the spec in floats, autograd."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backproof.balls import middle
from backproof.catalogue import all_cases, get_case
from backproof.conventions import Conventions
from backproof.errors import OracleError
from backproof.judge.end_to_end import agreement
from backproof.truth import float_spec, needed_bits, truth_of

CASES = all_cases()
NAMES = [f"{case.slug}-{case.dtype}" for case in CASES]
DECLARED = [
    Conventions(reduction="mean", loss_factor=0.5),
    Conventions(reduction="mean", delta_of="sample", output_reduction="mean"),
]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_spec_in_floats_lies_within_the_worst_case_of_ball_arithmetic(case):
    assert agreement(case, truth_of(case), float_spec(case), case.dtype, "spec") <= 1


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_autograd_lies_within_the_worst_case_of_ball_arithmetic(case):
    pytest.importorskip("torch", reason="the comparison with autograd needs torch, which is not installed here")
    from backproof.autograd.oracle import AutogradOracle

    for dtype in dict.fromkeys((case.dtype, "float64")):
        steps = AutogradOracle("cpu", dtype).steps(case)
        if steps is None:
            assert "exact-zero" in case.flags
        else:
            assert agreement(case, truth_of(case), steps, dtype, "autograd") <= 1


@pytest.mark.parametrize("conventions", DECLARED, ids=["mean-half", "sample-deltas"])
def test_they_agree_under_declared_conventions_too(conventions):
    torch = pytest.importorskip("torch", reason="the comparison with autograd needs torch, which is not installed here")
    from backproof.autograd.oracle import AutogradOracle

    assert torch
    for case in all_cases("float64"):
        declared = case.under(conventions)
        agreement(declared, truth_of(declared), float_spec(declared), "float64", "spec")
        steps = AutogradOracle().steps(declared)
        if steps is not None:
            agreement(declared, truth_of(declared), steps, "float64", "autograd")


def test_autograd_is_asked_once_for_a_case():
    """By the judge and when the oracles are held against one another; a changed case is another one."""
    pytest.importorskip("torch", reason="the comparison with autograd needs torch, which is not installed here")
    from backproof.autograd.oracle import AutogradOracle

    oracle, case = AutogradOracle(), get_case("tanh-binary")
    assert oracle.steps(case) is oracle.steps(case)
    changed = oracle.steps(replace(case, learning_rate=case.learning_rate / 2))
    assert not np.array_equal(changed[0]["weights", 1], oracle.steps(case)[0]["weights", 1])


def test_an_oracle_that_is_wrong_in_one_number_may_judge_nobody():
    """The negative twin: one delta off by 1e-12 is refused, by name."""
    case = get_case("tanh-binary")
    steps = float_spec(case)
    steps[0]["deltas", 1] = steps[0]["deltas", 1] * (1 + 1e-12)
    with pytest.raises(OracleError, match=r"tanh-binary.*deltas of layer 1: wrong oracle is"):
        agreement(case, truth_of(case), steps, "float64", "wrong oracle")


def test_the_kit_says_so_when_it_contradicts_itself(monkeypatch):
    """A value that conforms locally but leaves the worst case end to end is the kit's fault: an error, no deviation."""
    from judge_machine import Machine

    from backproof.door import Subject
    from backproof.judge import case as judge_case_module
    from backproof.run import run_subject

    case = get_case("tanh-binary")
    other = truth_of(
        get_case("tanh-binary").with_parameters([(layer.weights * 1.5, layer.biases) for layer in case.layers])
    )
    monkeypatch.setattr(judge_case_module, "truth_of", lambda *_: other)
    with pytest.raises(OracleError, match="the kit contradicts itself"):
        run_subject(Subject(name="machine", run=Machine()), [case])


def test_precision_is_raised_until_the_enclosure_is_tight():
    """Saturated cases need hundreds of bits; the others do with the least."""
    assert needed_bits(get_case("large-logits")) > needed_bits(get_case("tanh-binary"))
    expected = truth_of(get_case("large-logits")).steps[0]["loss", 0]
    assert np.isfinite(middle(expected.exact))


def test_what_is_recomputed_and_grown_contains_the_exact_values():
    """The worst case is an enclosure: it never falls below the RMS bound that needs no remark."""
    for case in all_cases("float32"):
        for step in truth_of(case).steps:
            for expected in step.values():
                assert (expected.rms <= expected.worst).all()
