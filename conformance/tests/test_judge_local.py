"""Local judgement names the equation: each wrong step deviates by its own clause and nothing before it does."""

from __future__ import annotations

import numpy as np
import pytest
from judge_machine import Machine, derivative, stable_activation, stable_output_delta

from backproof.catalogue import all_cases, get_case
from backproof.door import Subject
from backproof.judge.findings import Judged, Status
from backproof.run import run_subject
from backproof.verdict import Verdict

DTYPES = ("float64", "float32")


def verdict(machine, cases, **declared):
    return Verdict(run_subject(Subject(name="machine", run=machine, **declared), cases, selected=len(cases) < 10))


def wrong_activation(rule, z):
    return stable_activation(rule, z) * z.dtype.type(1 + 1e-4)


WRONG = {
    "bias forgotten": (Machine(net_input=lambda w, _, a: a @ w.T), "E1", "net_inputs"),
    "activation 1e-4 too large": (Machine(activation=wrong_activation), "E1 E18", "activations"),
    "loss halved": (Machine(loss=lambda c, y, z, o: Machine().loss(c, y, z, o) / 2), "E4 E5 E6", "loss"),
    "labels off by one sample": (
        Machine(output_delta=lambda c, y, z, o: stable_output_delta(c, np.roll(y, 1, axis=0), z, o)),
        "E22",
        "deltas",
    ),
    "derivative missing": (Machine(hidden_delta=lambda _r, _z, _a, w, d: d @ w), "E17", "deltas"),
    "derivative at a": (
        Machine(hidden_delta=lambda r, _, a, w, d: derivative(r, a, stable_activation(r, a)) * (d @ w)),
        "E17",
        "deltas",
    ),
    "deltas through updated weights": (Machine(deltas_see="after"), "E17", "deltas"),
    "mean gradient": (
        Machine(gradient=lambda d, a, m: Machine().gradient(d, a, m) / d.dtype.type(len(d))),
        "E11",
        "weight_gradients",
    ),
    "bias gradient of one sample": (Machine(bias_gradient=lambda d: d[0]), "E11", "bias_gradients"),
    "ascent": (Machine(update=lambda p, g, rate: p + p.dtype.type(rate) * g), "E26", "weights"),
    "rate twice": (Machine(update=lambda p, g, rate: p - p.dtype.type(rate * rate) * g), "E26", "weights"),
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_correct_machine_conforms_on_the_whole_catalogue(dtype):
    """The negative twin of everything below: what is right is not failed."""
    outcome = verdict(Machine(), all_cases(dtype))
    assert outcome.name == "conforms", outcome.first_deviation
    assert outcome.counts["errored"] == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_step_is_named_by_its_clause(name, dtype):
    machine, clauses, quantity = WRONG[name]
    outcome = verdict(machine, [get_case("tanh-binary", dtype)])
    first = outcome.first_deviation
    assert outcome.name == "deviates"
    assert (first.clause in clauses.split(), first.quantity, first.judged) == (True, quantity, Judged.LOCAL)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_consistent_behind_a_wrong_step_is_downstream(name):
    """Later clauses at their own upstream values are no deviations: only the broken clause deviates."""
    machine, clauses, _ = WRONG[name]
    outcome = verdict(machine, [get_case("tanh-binary")])
    deviating = {finding.clause for finding in outcome.deviations} - {"B-own-loss"}
    assert deviating <= set(clauses.split())


def test_two_bugs_are_two_deviations():
    machine = Machine(hidden_delta=WRONG["derivative missing"][0].hidden_delta, update=WRONG["ascent"][0].update)
    outcome = verdict(machine, [get_case("tanh-binary")])
    assert {"E17", "E26"} <= {finding.clause for finding in outcome.deviations}


def test_the_element_of_the_largest_ratio_is_named():
    """One wrong element of a matrix is found at its own index."""

    def one_wrong(d, a, mask):
        gradient = Machine().gradient(d, a, mask)
        gradient[1, 2] *= 1 + 1e-12
        return gradient

    outcome = verdict(Machine(gradient=one_wrong), [get_case("wide-tanh")])
    assert outcome.first_deviation.index == (1, 2)
    assert outcome.first_deviation.clause == "E11"


def test_nan_everywhere_deviates_from_the_first_equation_on():
    def nan(case):
        return [
            {
                k: [None if v is None else np.full_like(v, np.nan) for v in vs] if isinstance(vs, list) else np.nan
                for k, vs in r.items()
            }
            for r in Machine()(case)
        ]

    outcome = verdict(nan, all_cases("float64")[:12])
    assert outcome.name == "deviates"
    assert outcome.first_deviation.clause == "E1"
    passed = {finding.clause for finding in outcome.run.findings if finding.status is Status.PASSED}
    assert passed == {"B-inputs"}, "it writes into nothing, and nothing else of it is right"


def test_upstream_weights_are_never_those_shown_after_the_update():
    """Otherwise deltas taken through updated weights would pass."""
    outcome = verdict(Machine(deltas_see="after"), [get_case("sigmoid-one-sample")])
    assert outcome.first_deviation.clause == "E17"


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_alone_show_gradients_and_on_one_sample_deltas(dtype):
    shows = ("weights", "biases")
    case = get_case("sigmoid-one-sample", dtype)
    right = verdict(Machine(shows=shows), [case])
    assert right.name == "conforms"
    assert {f.quantity for f in right.run.findings if f.recovered} == {"deltas", "weight_gradients", "bias_gradients"}
    wrong = verdict(Machine(shows=shows, hidden_delta=WRONG["derivative missing"][0].hidden_delta), [case])
    assert wrong.first_deviation.clause == "E17"
    assert wrong.first_deviation.recovered


def test_an_exact_zero_takes_any_one_value_of_the_derivative_but_the_same_everywhere():
    def relu_at_zero(value):
        def hidden_delta(rule, z, a, w, d):
            slope = np.where(z == 0, value(z), derivative(rule, z, a))
            return slope * (d @ w)

        return Machine(hidden_delta=hidden_delta)

    case = get_case("relu-exact-zero")
    for value in (0.0, 0.5, 1.0):
        assert verdict(relu_at_zero(lambda _, v=value: v), [case]).name == "conforms"
    assert verdict(relu_at_zero(lambda _: 1.5), [case]).name == "deviates"
    changing = verdict(relu_at_zero(lambda z: np.arange(len(z))[:, None] * 0.25), [case])
    assert "not the same everywhere" in changing.first_deviation.message


def test_a_declared_kink_is_judged_strictly():
    from backproof.conventions import Conventions

    case = get_case("relu-exact-zero")
    assert verdict(Machine(), [case], conventions=Conventions(kink="left")).name == "conforms"
    assert verdict(Machine(), [case], conventions=Conventions(kink="right")).name == "deviates"


def test_reduced_accuracy_is_for_function_values_only():
    """tanh written as 2 sigmoid(2z) - 1 is reported, not failed; the same error in a gradient is a deviation."""

    def through_sigmoid(rule, z):
        return 2 / (1 + np.exp(-2 * z)) - 1 if rule.name == "tanh" else stable_activation(rule, z)

    case = get_case("tiny-weights")
    outcome = verdict(Machine(activation=through_sigmoid), [case])
    assert outcome.name == "conforms"
    assert outcome.counts["reduced_accuracy"] > 0
    sloppy = Machine(gradient=lambda d, a, m: Machine().gradient(d, a, m) * (1 + 1e-10))
    assert verdict(sloppy, [case]).name == "deviates"
    assert all(f.status is not Status.REDUCED for f in verdict(Machine(), [case]).run.findings)
