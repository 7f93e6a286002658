"""Judging on the device: the same verdicts as in memory, and no whole matrix comes over.

The device is pretended (pretended_device.py): it fails where a tensor in memory meets one on it. A real one is asked by
test_cuda.py.
"""

import numpy as np
import pytest
from probe_networks import large, transposed, update

from backproof.conventions import Conventions
from backproof.judge.findings import Status
from backproof.probes import judge_by_probes

pytest.importorskip("torch", reason="torch is not installed")

from pretended_device import NAME, Pretended, on_device, pretended

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu")
QUANTITIES = ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients", "weights", "biases")


def verdicts(probed):
    return [(f.clause, f.quantity, f.layer, f.source, f.status, f.index) for f in probed.findings]


@pytest.fixture
def taken(monkeypatch):
    with pretended(monkeypatch) as found:
        yield found


@pytest.mark.parametrize("loss", ["cross_entropy", "squared", "log"])
@pytest.mark.parametrize("direct", [False, True], ids=["samples", "dE/da"])
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_a_right_update_passes_there_as_in_memory(hidden, direct, loss, taken):
    case = large(hidden, loss=loss)
    answer = update(case, direct=direct)
    here, there = judge_by_probes(case, answer), judge_by_probes(case, on_device(answer))
    assert {finding.status for finding in there.findings} == {Status.PASSED}
    assert [found[:4] for found in verdicts(there)] == [found[:4] for found in verdicts(here)]
    assert (here.account.judged_on, there.account.judged_on) == ("cpu", NAME)
    assert taken


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize("value", [1.5, np.nan, np.inf], ids=str)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_one_wrong_element_is_found_there_at_its_place(quantity, value):
    """Of layer 2: a large one by its probe, and then in its row."""
    case = large("tanh")
    answer = update(case, direct=True)
    wrong = np.array(answer[quantity][1])
    place = (7, 11)[: wrong.ndim]
    wrong[place] = wrong[place] * value if np.isfinite(value) else value
    answer[quantity][1] = wrong
    here, there = judge_by_probes(case, answer), judge_by_probes(case, on_device(answer))
    assert verdicts(there) == verdicts(here)
    deviating = {(f.quantity, f.index) for f in there.findings if f.status is Status.DEVIATES}
    assert (quantity, place) in deviating or quantity == "activations"


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize("rate", [1 + 1e-3, 1 + 2.0**-23])
def test_an_update_that_is_fused_passes_there_and_a_wrong_one_does_not(rate):
    """w - alpha g rounded once, as fused multiply-add does it, differs from two roundings and is right."""
    case = large("relu")
    answer = update(case)
    given = case.for_subject()
    for number, layer in enumerate(given.layers):
        exact = layer.weights.astype(float) - case.learning_rate * rate * answer["weight_gradients"][number].astype(
            float
        )
        answer["weights"][number] = exact.astype("float32")
    here, there = judge_by_probes(case, answer), judge_by_probes(case, on_device(answer))
    assert [f.status for f in there.findings] == [f.status for f in here.findings]
    assert ("E26" in {f.clause for f in there.findings if f.status is Status.DEVIATES}) == (rate > 1 + 1e-6)


@pytest.mark.parametrize("shown", ["weight_gradients", "weights"])
@pytest.mark.parametrize("hidden", ["relu", "tanh", "gelu"])
def test_no_whole_matrix_comes_over(shown, hidden, taken):
    case = large(hidden, widths=(512, 400, 300), samples=128)
    answer = update(case)
    del answer[shown]
    assert judge_by_probes(case, on_device(answer)).account.judged_on == NAME
    assert max(taken) < min(matrix.nbytes for matrix in answer["deltas"]) / 2


@pytest.mark.usefixtures("taken")
def test_no_product_is_made_in_float32_there():
    """A subject may have turned TF32 on, which would round the sums that bounds are made of."""
    import torch

    case = large("relu")
    answer = on_device(update(case, direct=True))
    judge_by_probes(case, answer)
    assert Pretended.multiplied == {torch.float64}
    _ = answer["weights"][1] @ answer["weights"][0]
    assert Pretended.multiplied == {torch.float64, torch.float32}


@pytest.mark.usefixtures("taken")
def test_turned_matrices_are_judged_there_alike():
    case = large("sigmoid").under(Conventions(weight_layout="in_out", batch_axis=1))
    answer = transposed(update(large("sigmoid")))
    there = judge_by_probes(case, on_device(answer))
    assert verdicts(there) == verdicts(judge_by_probes(case, answer))
    assert {finding.status for finding in there.findings} == {Status.PASSED}


@pytest.mark.usefixtures("taken")
def test_a_device_without_float64_is_judged_by_rows_and_says_so(monkeypatch):
    from backproof.probes.device import Device

    def refuse(*_):
        msg = "no float64 on this device"
        raise TypeError(msg)

    monkeypatch.setattr(Device, "double", refuse)
    case = large("relu")
    probed = judge_by_probes(case, on_device(update(case)))
    assert probed.account.judged_on == "cpu, from another device by rows"
    assert {finding.status for finding in probed.findings} == {Status.PASSED}


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize("kind", [RuntimeError, MemoryError, AttributeError, BufferError])
def test_a_device_that_gives_up_is_judged_by_rows_and_says_so(kind, monkeypatch):
    """What is wrong is found there too; an error in memory is an error."""
    from backproof.probes.device import Device
    from backproof.probes.place import Place

    def full(*_):
        msg = "out of memory"
        raise kind(msg)

    monkeypatch.setattr(Device, "sums", full)
    case = large("relu")
    answer = update(case)
    probed = judge_by_probes(case, on_device(answer))
    assert probed.account.judged_on == f"cpu, from another device by rows ({kind.__name__} there)"
    assert {finding.status for finding in probed.findings} == {Status.PASSED}
    answer["weight_gradients"][0][3, 5] = 9
    assert Status.DEVIATES in {finding.status for finding in judge_by_probes(case, on_device(answer)).findings}
    monkeypatch.setattr(Place, "sums", full)
    with pytest.raises(kind, match="out of memory"):
        judge_by_probes(case, answer)


@pytest.mark.usefixtures("taken")
def test_arrays_of_two_libraries_are_judged_by_rows():
    from foreign_arrays import on_device as foreign

    case = large("relu")
    answer = update(case)
    mixed = {**on_device(answer), "weights": foreign(answer)["weights"]}
    probed = judge_by_probes(case, mixed)
    assert probed.account.judged_on.startswith("cpu, from another device by rows")
    assert {finding.status for finding in probed.findings} == {Status.PASSED}


@pytest.mark.usefixtures("taken")
def test_nothing_on_the_device_outlives_the_judgement():
    import gc
    import weakref

    from backproof.probes import judge

    made, place = [], judge._place
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "_place", lambda *given: made.append(weakref.ref(found := place(*given))) or found)
        assert judge_by_probes(large(), on_device(update(large()))).account.judged_on == NAME
    gc.collect()
    assert [found() for found in made] == [None]


def test_torch_as_a_subject_trains_and_is_judged_there(taken):
    """The whole way, by its command: what it computes never comes over as a whole."""
    from backproof.api import check
    from backproof.autograd.subject import make_subject
    from backproof.catalogue.large import large_case

    result = check(make_subject(NAME), [large_case("large-1m")], autograd=False)
    assert result.conforms
    assert [account["judged_on"] for account in result.report["probes"]] == [NAME]
    assert max(taken) < 784 * 800 * 4 / 4


@pytest.mark.usefixtures("taken")
def test_the_pretended_device_refuses_what_a_device_refuses():
    import torch

    there = Pretended(torch.ones(3))
    assert float((there + 1).sum()) == 6
    with pytest.raises(RuntimeError, match="same device"):
        _ = there + torch.ones(3)
    with pytest.raises(TypeError, match="lies on the device"):
        np.asarray(there)
    with pytest.raises(BufferError, match="lies on the device"):
        np.from_dlpack(there)
