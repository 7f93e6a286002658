"""The tolerance model holds for correct code and is not slack: drawn cases, both dtypes, different correct programs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from judge_machine import Machine

from backproof.case import DTYPES
from backproof.door import Subject
from backproof.judge.findings import Status
from backproof.run import run_subject
from backproof.strategies import cases
from backproof.subjects.bundled_numpy import make_subject
from backproof.tolerance import Tolerance

DRAWN = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def summed_in(order):
    """Products summed in another order: loops, reversed, pairwise by einsum."""

    def product(a, b):
        total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for k in order(a.shape[1]):
            total += a[:, k : k + 1] * b[k : k + 1, :]
        return total

    return Machine(
        net_input=lambda w, b, a: product(a, w.T) + (0 if b is None else b),
        hidden_delta=lambda r, z, a, w, d: Machine().hidden_delta(
            r, z, a, np.eye(w.shape[1], dtype=w.dtype), product(d, w)
        ),
        gradient=lambda d, a, m: product(d.T, a) * (1 if m is None else m),
    )


def in_double(case):
    """Everything in float64, as plain Python and JavaScript compute, rounded to the case's dtype only to be shown."""
    records = Machine()(case.as_dtype("float64"))

    def rounded(shown):
        if isinstance(shown, list):
            return [None if v is None else v.astype(case.dtype) for v in shown]
        return shown

    return [{name: rounded(shown) for name, shown in record.items()} for record in records]


CORRECT = {
    "in double": Subject(name="in double", run=in_double),
    "numpy": make_subject(),
    "loops": Subject(name="loops", run=summed_in(range)),
    "reversed": Subject(name="reversed", run=summed_in(lambda n: range(n - 1, -1, -1))),
    "weights only": Subject(name="weights only", run=Machine(shows=("weights", "biases"))),
    "gradients only": Subject(name="gradients only", run=Machine(shows=("weight_gradients", "bias_gradients"))),
}


@pytest.mark.parametrize("name", CORRECT)
@DRAWN
@given(case=cases())
def test_correct_code_is_never_failed(name, case):
    run = run_subject(CORRECT[name], [case])
    assert [r.error for r in run.results if r.error] == []
    assert [f for f in run.findings if f.status is Status.DEVIATES] == []


@DRAWN
@given(case=cases(widest=5, deepest=3))
def test_a_delta_off_by_a_thousand_roundings_is_always_failed(case):
    """The negative twin: the bounds are no wider than they need to be."""

    def off(case):
        records = Machine()(case)
        for record in records:
            u = Tolerance(case.dtype).u
            factor = np.dtype(case.dtype).type(1 + 2**16 * u)
            record["weight_gradients"] = [g * factor for g in record["weight_gradients"]]
        return records

    run = run_subject(Subject(name="off", run=off), [case])
    gradients = [f for f in run.findings if f.quantity == "weight_gradients" and f.judged == "local"]
    checked = [f for f in gradients if f.status is not Status.VACUOUS]
    assert all(f.status is Status.DEVIATES for f in checked if f.expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_u_and_lambda_are_those_of_the_dtype(dtype):
    model = Tolerance(dtype)
    assert model.u == {"float64": 2.0**-53, "float32": 2.0**-24}[dtype]
    assert model.smallest == float(np.finfo(dtype).tiny)
    assert model.gamma(4) == 4 * model.u / (1 - 4 * model.u)


def test_a_declared_low_precision_widens_products_and_nothing_else():
    full, low = Tolerance("float32"), Tolerance("float32", "tf32")
    one = np.ones((2, 3))
    assert (low.product(3, one) > 1000 * full.product(3, one)).all()
    assert (low.update(one, one, 0.5) == full.update(one, one, 0.5)).all()


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_rounded_operands_conform_as_declared_and_deviate_undeclared(precision):
    from backproof.catalogue import get_case
    from backproof.conventions import Conventions

    bits = {"tf32": 11, "bfloat16": 8}[precision]

    def rounded(values):
        mantissa, exponent = np.frexp(values)
        return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(values.dtype)

    machine = Machine(
        net_input=lambda w, b, a: rounded(a) @ rounded(w).T + (0 if b is None else b),
        hidden_delta=lambda r, z, a, w, d: Machine().hidden_delta(r, z, a, rounded(w), rounded(d)),
        gradient=lambda d, a, m: Machine().gradient(rounded(d), rounded(a), m),
    )
    case = get_case("tanh-binary", "float32")
    declared = run_subject(Subject(name="low", run=machine, conventions=Conventions(precision=precision)), [case])
    assert [f for f in declared.findings if f.status is Status.DEVIATES] == []
    undeclared = run_subject(Subject(name="low", run=machine), [case])
    assert [f for f in undeclared.findings if f.status is Status.DEVIATES] != []


def test_a_probe_of_a_float32_product_stays_within_what_is_expected_and_a_wrong_one_does_not():
    rng = np.random.default_rng(5)
    a, w = rng.normal(size=(64, 400)).astype("float32"), rng.normal(size=(300, 400)).astype("float32")
    signs = rng.choice([-1.0, 1.0], size=(300, 2))
    shown = a @ w.T
    reference = a.astype(float) @ (w.astype(float).T @ signs)
    size = (np.linalg.norm(a.astype(float), axis=1) * np.linalg.norm(w.astype(float)))[:, None]
    expected, worst = (Tolerance("float32", expected=tier).probe(402, size) for tier in (True, False))
    assert (np.abs(shown.astype(float) @ signs - reference) <= expected).all()
    assert (expected < worst).all()
    shown[7, 11] *= 3
    assert (np.abs(shown.astype(float) @ signs - reference) > expected)[7].all()


def test_the_expected_size_of_long_sums_grows_with_the_root_of_their_length():
    model = Tolerance("float32", expected=True)
    assert model.gamma(300) == pytest.approx(8 * 10 * 2.0**-24)
    assert Tolerance("float32").gamma(300) == pytest.approx(300 * 2.0**-24, rel=1e-4)
