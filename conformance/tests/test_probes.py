"""Probes for large networks: right updates pass, each wrong one is told by its clause, and what is seen is honest."""

import importlib.util
import tracemalloc

import numpy as np
import pytest
from probe_networks import large, transposed, update

from backproof import check
from backproof.catalogue.build import build_case
from backproof.cli.main import main
from backproof.conventions import Conventions
from backproof.errors import CaseError, ObservationError
from backproof.judge.findings import Judged, Status
from backproof.probes import is_large, judge_by_probes
from backproof.probes.draw import draw
from backproof.probes.sources import Generated, OneHot, row_blocks, whole

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu")


def deviations(probed):
    return [finding for finding in probed.findings if finding.status is Status.DEVIATES]


@pytest.mark.parametrize("direct", [False, True], ids=["samples", "dE/da"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_a_right_update_passes_every_probe(hidden, dtype, direct):
    case = large(hidden, dtype)
    probed = judge_by_probes(case, update(case, direct=direct))
    assert [finding for finding in probed.findings if finding.status is not Status.PASSED] == []
    assert {finding.clause for finding in probed.findings} >= {"E1", "E6", "E11", "E17", "E22", "E26"}


@pytest.mark.parametrize("loss", ["squared", "log", "cross_entropy"])
@pytest.mark.parametrize(
    "conventions",
    [Conventions(), Conventions(reduction="mean"), Conventions(output_reduction="mean"), Conventions(loss_factor=0.5)],
    ids=["article", "mean", "output-mean", "half"],
)
def test_a_right_update_passes_under_each_loss_and_convention(loss, conventions):
    case = large(loss=loss).under(conventions)
    answer = update(case)
    n = len(answer["deltas"][0])
    scale = float(case.conventions.error_scale(case.loss, case.widths[-1], n))
    given = case.for_subject()
    if conventions.reduction == "mean":
        answer = update_scaled(case)
    answer["loss"] = np.float64(
        scale * case.loss_rule(given.y.astype(float), answer["activations"][-1].astype(float)).sum()
    )
    assert deviations(judge_by_probes(case, answer)) == []


def update_scaled(case):
    """The update of a mean: the deltas carry 1/n."""
    plain = update(large(loss=case.loss))
    n, rate, given = np.float32(len(plain["deltas"][0])), np.float32(case.learning_rate), case.for_subject()
    for name in ("deltas", "weight_gradients", "bias_gradients"):
        plain[name] = [values / n for values in plain[name]]
    plain["weights"] = [la.weights - rate * g for la, g in zip(given.layers, plain["weight_gradients"], strict=True)]
    plain["biases"] = [la.biases - rate * g for la, g in zip(given.layers, plain["bias_gradients"], strict=True)]
    return plain


WRONG = {
    "one net input": ("net_inputs", 1, lambda v: _at(v, (7, 11), 3.0), "E1", (7, 11)),
    "one activation": ("activations", 2, lambda v: _at(v, (7, 11), 1.001), "E18", (7, 11)),
    "one weight gradient": ("weight_gradients", 2, lambda v: _at(v, (7, 11), 3.0), "E11", (7, 11)),
    "one updated weight": ("weights", 2, lambda v: _at(v, (7, 11), 1.0001), "E26", (7, 11)),
    "one bias gradient": ("bias_gradients", 1, lambda v: _at(v, (5,), 1.01), "E11", (5,)),
    "one updated bias": ("biases", 3, lambda v: _at(v, (5,), 1.01), "E26", (5,)),
    "one output delta": ("deltas", 3, lambda v: _at(v, (7, 11), 1.01), "E22", (7, 11)),
    "NaN among the gradients": ("weight_gradients", 2, lambda v: _put(v, (7, 11), np.nan), "E11", (7, 11)),
    "infinity among the deltas": ("deltas", 3, lambda v: _put(v, (7, 11), np.inf), "E22", (7, 11)),
}


def _at(values, index, factor):
    return _put(values, index, values[index] * factor)


def _put(values, index, value):
    changed = values.copy()
    changed[index] = value
    return changed


@pytest.mark.parametrize("everything", [False, True], ids=["probes", "everything"])
@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_number_is_told_by_its_clause_and_its_place(name, everything):
    quantity, layer, change, clause, index = WRONG[name]
    case = large()
    answer = update(case)
    answer[quantity][layer - 1] = change(answer[quantity][layer - 1])
    told = deviations(judge_by_probes(case, answer, everything=everything))
    found = [f for f in told if f.clause == clause and f.quantity == quantity]
    assert (clause, quantity, layer, index) in {(f.clause, f.quantity, f.layer, f.index) for f in found}


def test_a_delta_without_its_derivative_is_told_by_e17_in_both_ways():
    case = large("tanh")
    answer = update(case, direct=True)
    answer["deltas"][0] = answer["activation_gradients"][0]
    for shown in (answer, {k: v for k, v in answer.items() if k != "activation_gradients"}):
        assert {f.clause for f in deviations(judge_by_probes(case, shown))} >= {"E17"}


def test_a_wrong_product_in_e17_is_told_where_de_da_is_shown_and_at_samples_nobody_chose():
    case = large("tanh")
    answer = update(case, direct=True)
    unseen = next(i for i in range(40) if i not in draw(case).samples)
    answer["activation_gradients"][0] = _at(answer["activation_gradients"][0], (unseen, 3), 5.0)
    found = deviations(judge_by_probes(case, answer))
    assert [(f.clause, f.layer) for f in found if "dE/da by" in f.source] == [("E17", 1)]
    assert found[0].index == (unseen, 3)


def test_a_fault_of_one_sample_is_not_seen_without_de_da_and_the_account_says_so():
    case = large("tanh")
    answer = update(case)
    unseen = next(i for i in range(40) if i not in draw(case).samples)
    answer["deltas"][0] = _at(answer["deltas"][0], (unseen, 3), 5.0)
    probed = judge_by_probes(case, answer)
    assert not [f for f in deviations(probed) if f.clause == "E17"]
    assert "4 of 40 samples in full: a fault confined to others is not seen" in probed.account.delta_rule
    assert "every sample" in judge_by_probes(case, update(case, direct=True)).account.delta_rule


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_with_everything_in_full_each_element_is_seen_and_right_code_passes(dtype):
    case = large("tanh", dtype)
    answer = update(case)
    right = judge_by_probes(case, answer, everything=True)
    assert [f for f in right.findings if f.status is not Status.PASSED] == []
    assert right.account.delta_rule == "every sample"
    for sample, neuron in ((0, 0), (17, 33), (39, 79)):
        wrong = {**answer, "deltas": [_at(answer["deltas"][0], (sample, neuron), 1.01), *answer["deltas"][1:]]}
        found = deviations(judge_by_probes(case, wrong, everything=True))
        assert ("E17", 1, (sample, neuron)) in {(f.clause, f.layer, f.index) for f in found}


def test_a_plain_case_is_judged_in_full_by_its_size():
    case = build_case("medium", "Medium", (300, 400, 10), "tanh", "squared", seed=7, samples=6)
    assert is_large(case)
    assert not is_large(build_case("small", "Small", (30, 40, 10), "tanh", "squared", seed=7, samples=6))
    result = check("numpy", [case], autograd=False)
    assert result.conforms
    assert result.report["probes"][0]["delta_rule"] == "every sample"


def test_gradients_that_are_not_shown_are_recovered_from_the_update():
    case = large()
    answer = update(case)
    del answer["weight_gradients"], answer["bias_gradients"]
    assert deviations(judge_by_probes(case, answer)) == []
    given = case.for_subject()
    answer["weights"][1] = 2 * answer["weights"][1] - given.layers[1].weights  # a step of twice the size
    assert {f.clause for f in deviations(judge_by_probes(case, answer))} == {"E11"}


def test_the_thresholds_are_what_an_injected_error_shows():
    """An error below the threshold of the whole passes without remark; one well above `worst` times it deviates."""
    case = large("tanh", widths=(256, 256, 256, 64))
    answer = update(case)
    seen = next(
        s for s in judge_by_probes(case, answer).account.sights if (s.quantity, s.layer) == ("weight_gradients", 2)
    )
    outcomes = []
    for share in (0.02 * seen.matrix, 3 * seen.row, 3 * seen.row * seen.worst):
        wrong = {k: list(v) if k != "loss" else v for k, v in answer.items() if k not in ("weights", "biases")}
        wrong["weight_gradients"][1] = answer["weight_gradients"][1] * np.float32(1 + share)
        found = [
            f
            for f in judge_by_probes(case, wrong).findings
            if f.clause == "E11" and f.layer == 2 and f.source.startswith("random probes")
        ]
        outcomes.append(found[0].status)
    assert outcomes == [Status.PASSED, Status.REDUCED, Status.DEVIATES]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"deltas": 3}, "deltas: expected a list with one array for each layer 1..3; int came"),
        ({"speed": []}, "unknown quantity 'speed'"),
        ({"weights": None, "weight_gradients": None}, "shows neither gradients nor updated parameters"),
    ],
)
def test_an_answer_that_cannot_be_read_says_what_was_expected(change, message):
    case = large()
    with pytest.raises(ObservationError, match=message):
        judge_by_probes(case, {**update(case), **change})


def test_a_wrong_shape_or_dtype_is_a_deviation_and_the_rest_is_judged():
    case = large()
    answer = update(case)
    answer["deltas"][0] = answer["deltas"][0].T
    answer["weights"][0] = answer["weights"][0].astype(np.float64)
    found = deviations(judge_by_probes(case, answer))
    assert [(f.judged, f.quantity, f.message) for f in found] == [
        (Judged.PRESENCE, "deltas", "shape (80, 40) instead of (40, 80)"),
        (Judged.PRESENCE, "weights", "dtype float64 instead of float32"),
    ]


def test_blocks_of_generated_numbers_are_parts_of_one_whole():
    source = Generated((37, 13), np.dtype("float32"), 5, 2, 0.25)
    every = whole(source)
    assert np.array_equal(np.concatenate([source.rows(i, i + 1) for i in range(37)]), every)
    assert every.tolist()[0][:2] == whole(Generated((1, 2), np.dtype("float32"), 5, 2, 0.25)).tolist()[0]
    assert not np.array_equal(every, whole(Generated((37, 13), np.dtype("float32"), 5, 3, 0.25)))
    assert np.abs(every).max() <= 0.25
    assert every.std() == pytest.approx(0.25 / np.sqrt(3), rel=0.1)
    word = int(np.random.Philox(key=[5, 2]).random_raw())
    assert every[0, 0] == np.float32(np.array(word & 0xFFFF, "<u2").view("<i2") * 0.25 / 2**15)
    assert every[0, 1] == np.float32(np.array(word >> 8 & 0xFFFF, "<u2").view("<i2") * 0.25 / 2**15)


def test_one_hot_labels_are_one_at_one_place_of_each_row():
    labels = whole(OneHot((50, 7), np.dtype("float64"), 1, 1))
    assert (labels.sum(axis=1) == 1).all()
    assert len(set(labels.argmax(axis=1))) > 3
    assert list(row_blocks((5, 1 << 16))) == [(i, i + 1) for i in range(5)]


@pytest.mark.parametrize(("widths", "loss"), [((5,), "squared"), ((5, 0), "squared"), ((5, 2), "hinge")])
def test_a_large_case_that_cannot_be_is_refused(widths, loss):
    with pytest.raises(CaseError, match="probed"):
        large(widths=widths, loss=loss)


def test_the_layout_that_a_subject_declares_is_the_one_it_is_handed():
    case = large().under(Conventions(weight_layout="in_out", batch_axis=1))
    given = case.for_subject()
    assert given.layers[0].weights.shape == (96, 80)
    assert given.x.shape == (96, 40)
    plain = update(large())
    assert deviations(judge_by_probes(case, transposed(plain))) == []
    assert deviations(judge_by_probes(case, plain)) != []


def test_nothing_of_the_size_of_the_network_is_allocated():
    """Peak memory of judging stays under a twentieth of the parameters and their gradient."""
    case = large("relu", widths=(1536, 1536, 1536, 16), samples=64)
    answer = update(case)
    judge_by_probes(case, answer)
    tracemalloc.start()
    try:
        judge_by_probes(case, answer)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * case.size * 4 // 5  # blocks and sums; at 10^7 weights it is under 5 % (benchmarks/probes.py)
    assert peak < sum(values.nbytes for values in answer["weights"])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_torch_tensors_are_read_without_a_copy():
    import torch

    case = large()
    answer = {k: [torch.from_numpy(v) for v in vs] if k != "loss" else float(vs) for k, vs in update(case).items()}
    assert deviations(judge_by_probes(case, answer)) == []
    answer["weight_gradients"][0] = answer["weight_gradients"][0] * 3
    assert {f.clause for f in deviations(judge_by_probes(case, answer))} >= {"E11"}


def test_the_same_case_gives_the_same_findings_twice():
    case = large()
    answer = update(case)
    assert judge_by_probes(case, answer).findings == judge_by_probes(case, answer).findings


def test_a_large_case_is_not_traced_and_says_so(capsys):
    assert main(["trace", "large-12m"]) == 2
    assert "choose a small case" in capsys.readouterr().err


def test_a_wrong_gradient_in_a_column_in_full_is_named_by_its_own_place():
    """Seventeen rows, sixteen of them judged in full: the wrong element is in the other one, in a chosen column."""
    case = large(widths=(96, 17, 48))
    answer, drawn = update(case), draw(case)
    row = next(i for i in range(17) if i not in drawn.places(17, 11))
    column = int(drawn.places(96, 12)[-1])
    assert column > 15
    answer["weight_gradients"][0] = _at(answer["weight_gradients"][0], (row, column), 3.0)
    found = [f for f in deviations(judge_by_probes(case, answer)) if f.source == "rows and columns in full"]
    assert [(f.clause, f.index) for f in found] == [("E11", (row, column))]
    right = judge_by_probes(case, update(case)).findings
    assert not [f for f in right if f.status is Status.DEVIATES]


@pytest.mark.parametrize("everything", [False, True], ids=["probes", "everything"])
@pytest.mark.parametrize("shown", [("weight_gradients", "weights"), ("net_inputs", "activations")])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_an_infinite_value_lets_nothing_of_its_clause_pass(value, shown, everything):
    """An infinite bound would: the update from an infinite gradient, whose own clause cannot be judged."""
    case = large("sigmoid")
    answer = update(case)
    upstream, clause = shown
    del answer["deltas"]
    answer[upstream][0][2] = value
    answer[clause][0][2] = 123
    probed = judge_by_probes(case, answer, everything=everything)
    assert (clause, 1) in {(finding.quantity, finding.layer) for finding in deviations(probed)}
