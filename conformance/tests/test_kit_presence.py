"""Presence: shape, dtype and finiteness come before any equation, and only what passes is judged further."""

import numpy as np
import pytest

from backproof.catalogue.build import build_case
from backproof.conventions import Conventions
from backproof.judge.findings import Judged, Status
from backproof.judge.presence import usable_values
from backproof.observation import read_observation

CASE = build_case("made", "Made", (3, 4, 2), "sigmoid", "log", seed=7, samples=5, biases=(True, False))
SINGLE = CASE.as_dtype("float32")
SHAPES = {
    "net_inputs": ((5, 4), (5, 2)),
    "activations": ((5, 4), (5, 2)),
    "deltas": ((5, 4), (5, 2)),
    "weight_gradients": ((4, 3), (2, 4)),
    "weights": ((4, 3), (2, 4)),
}
CLAUSES = {
    ("net_inputs", 1): "E1",
    ("activations", 1): "E18",
    ("deltas", 1): "E17",
    ("deltas", 2): "E22",
    ("weight_gradients", 2): "E11",
    ("weights", 1): "E26",
}


def answer_of(case, **changes):
    shown = {name: [np.ones(shape, case.dtype) for shape in shapes] for name, shapes in SHAPES.items()}
    shown |= {"biases": [np.ones(4, case.dtype), None], "bias_gradients": [np.ones(4, case.dtype), None]}
    shown |= {"loss": np.ones((), case.dtype)[()]}
    return shown | changes


def usable(case, **changes):
    return usable_values(case, 1, read_observation(answer_of(case, **changes), case).steps[0])


def changed(case, quantity, layer, function):
    values = answer_of(case)[quantity]
    return {quantity: [function(v) if n == layer else v for n, v in enumerate(values, 1)]}


@pytest.mark.parametrize("case", [CASE, SINGLE], ids=lambda case: case.dtype)
def test_right_shapes_and_dtypes_are_usable_as_float64_without_remark(case):
    found = usable(case)
    assert found.findings == ()
    assert len(found.values) == 2 * len(SHAPES) + 2 + 1
    assert {values.dtype for values in found.values.values()} == {np.dtype(np.float64)}


@pytest.mark.parametrize(("key", "clause"), CLAUSES.items(), ids=str)
@pytest.mark.parametrize(
    ("function", "index", "message"),
    [
        (lambda v: v[:, :1], (), "shape "),
        (lambda v: v.astype(np.float32), (), "dtype float32 instead of float64: cast it to the dtype of case.x"),
        (lambda v: np.where(np.arange(v.shape[1]) == 1, np.nan, v), (0, 1), "nan is not a finite number"),
        (lambda v: np.where(np.arange(v.shape[1]) == 1, -np.inf, v), (0, 1), "-inf is not a finite number"),
    ],
    ids=["shape", "dtype", "NaN", "infinity"],
)
def test_what_is_not_right_deviates_and_is_left_out(key, clause, function, index, message):
    found = usable(CASE, **changed(CASE, *key, function))
    (finding,) = found.findings
    assert (finding.quantity, finding.layer) == key
    assert (finding.clause, finding.status, finding.judged) == (clause, Status.DEVIATES, Judged.PRESENCE)
    assert (finding.index, finding.ratio) == (index, float("inf"))
    assert message in finding.message
    assert key not in found.values
    assert len(found.values) == len(usable(CASE).values) - 1


def test_a_wrong_shape_names_both_shapes_as_the_subject_sees_them():
    turned = CASE.under(Conventions(weight_layout="in_out", batch_axis=1))
    answer = {"weights": [np.ones((4, 3)), np.ones((4, 2))], "deltas": [np.ones((5, 4)), np.ones((2, 5))]}
    found = usable_values(turned, 1, read_observation(answer, turned).steps[0])
    assert [finding.message for finding in found.findings] == [
        "shape (5, 4) instead of (4, 5): transpose it",
        "shape (4, 3) instead of (3, 4): transpose it",
    ]
    assert set(found.values) == {("deltas", 2), ("weights", 2)}


def test_a_transposed_array_is_told_which_convention_may_be_meant():
    answer = {"weights": [np.ones((3, 4)).T, np.ones((4, 2))], "deltas": [np.ones((4, 5)), np.ones((2, 5))]}
    found = usable_values(CASE, 1, read_observation(answer, CASE).steps[0])
    told = {(finding.quantity, finding.layer): finding.message for finding in found.findings}
    assert told["deltas", 1].endswith(f"instead of {(5, 4)}: transpose it, or declare batch_axis"), told
    assert told["weights", 2].endswith("instead of (2, 4): transpose it, or declare weight_layout"), told


def test_whole_numbers_are_not_of_the_dtype_of_the_case():
    (finding,) = usable(CASE, **changed(CASE, "weights", 1, lambda v: v.astype(int))).findings
    assert finding.message == "dtype int64 instead of float64: cast it to the dtype of case.x"


@pytest.mark.parametrize("given", [1.5, np.float64(1.5), np.float32(1.5)], ids=repr)
def test_a_loss_may_be_a_python_float_in_a_float32_case(given):
    assert usable(SINGLE, loss=given).findings == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.float32(1.5), "dtype float32 instead of float64: cast it to the dtype of case.x"),
        (np.float16(1.5), "dtype float16 instead of float64: cast it to the dtype of case.x"),
        (np.ones(1), "shape (1,) instead of ()"),
        (float("nan"), "nan is not a finite number"),
        (float("inf"), "inf is not a finite number"),
    ],
    ids=str,
)
def test_a_loss_is_one_finite_number_of_enough_precision(given, message):
    (finding,) = usable(CASE, loss=given).findings
    assert (finding.clause, finding.quantity, finding.message) == ("E5", "loss", message)


def test_missing_biases_may_be_none_or_exact_zeros():
    zeros = {name: [np.ones(4), np.zeros(2)] for name in ("biases", "bias_gradients")}
    found = usable(CASE, **zeros)
    assert found.findings == ()
    assert ("biases", 2) not in found.values
    assert ("biases", 1) in found.values


def test_missing_biases_that_are_not_zero_deviate():
    (finding,) = usable(CASE, biases=[np.ones(4), np.array([0.0, 1e-300])]).findings
    assert (finding.clause, finding.layer, finding.index, finding.got) == ("E26", 2, (1,), 1e-300)
    assert finding.message == "the layer has no biases: expected None, or exact zeros"


def test_findings_come_in_the_order_of_the_data():
    found = usable(
        CASE,
        loss=float("nan"),
        **changed(CASE, "weights", 1, lambda v: v * np.nan),
        **changed(CASE, "net_inputs", 2, lambda v: v * np.nan),
    )
    assert [finding.quantity for finding in found.findings] == ["net_inputs", "loss", "weights"]
