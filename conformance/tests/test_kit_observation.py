"""Reading an answer: every form that a subject may answer in, its orientation, and the messages for all others."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from foreign_arrays import Foreign, WithCpu

from backproof.catalogue.build import build_case
from backproof.conventions import Conventions
from backproof.errors import ObservationError
from backproof.observation import QUANTITIES, read_observation

CASE = build_case("made", "A made case", (3, 4, 2), "tanh", "squared", seed=7, samples=5)
SINGLE = CASE.as_dtype("float32")
TWICE = replace(CASE, batches=((0, 1), (2, 3, 4)))
WEIGHTS = [layer.weights for layer in CASE.layers]
BIASES = [layer.biases for layer in CASE.layers]
ANSWER = {"weights": WEIGHTS, "biases": BIASES}


def first(answer, case=CASE):
    return read_observation(answer, case).steps[0]


FORMS = {
    "a mapping": ANSWER,
    "a list of one mapping": [ANSWER],
    "a tuple of one mapping": (ANSWER,),
    "only the end": {"final": ANSWER},
    "tuples of arrays": {name: tuple(arrays) for name, arrays in ANSWER.items()},
    "Python lists": {name: [array.tolist() for array in arrays] for name, arrays in ANSWER.items()},
}


@pytest.mark.parametrize("answer", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_an_answer_is_the_same_observation(answer):
    record = first(answer)
    assert record.quantities == {"weights", "biases"}
    for number in (1, 2):
        assert (record.get("weights", number) == WEIGHTS[number - 1]).all()
        assert record.get("weights", number).dtype == np.float64
        assert (record.get("biases", number) == BIASES[number - 1]).all()
    assert record.get("weights", 3) is None


def test_tensors_are_read_through_dlpack():
    torch = pytest.importorskip("torch", reason="torch is not installed: no DLPack tensors to read")
    record = first({"weights": [torch.tensor(array, dtype=torch.float32) for array in WEIGHTS]})
    assert record.get("weights", 2).dtype == np.float32
    assert (record.get("weights", 2) == WEIGHTS[1].astype(np.float32)).all()
    loss = first({"loss": torch.tensor(0.5, dtype=torch.float64)}).get("loss", 0)
    assert (loss.shape, float(loss)) == ((), 0.5)


@pytest.mark.parametrize("kind", ["requires a gradient", "bfloat16"])
def test_a_tensor_that_cannot_be_read_is_named(kind):
    torch = pytest.importorskip("torch", reason="torch is not installed: no DLPack tensors to refuse")
    given = torch.zeros(4, 3, requires_grad=True) if kind != "bfloat16" else torch.zeros(4, 3, dtype=torch.bfloat16)
    with pytest.raises(ObservationError, match="answer: weights of layer 1: Tensor cannot be read as an array"):
        first({"weights": [given, given]})


def test_a_tensor_on_the_cpu_is_read_where_it_lies_and_copied_once(monkeypatch):
    torch = pytest.importorskip("torch", reason="torch is not installed: no DLPack tensors to read")
    tensors = [torch.tensor(array) for array in WEIGHTS]
    seen = []
    read = np.from_dlpack
    monkeypatch.setattr(np, "from_dlpack", lambda *given, **named: seen.append(read(*given, **named)) or seen[-1])
    record = first({"weights": tensors})
    assert len(seen) == len(tensors)
    assert np.shares_memory(seen[0], tensors[0].numpy())
    assert not np.shares_memory(record.get("weights", 1), seen[0])


def test_what_was_read_is_a_copy_of_what_was_shown():
    shown = [array.copy() for array in WEIGHTS]
    record = first({"weights": shown})
    shown[0][...] = 0
    assert (record.get("weights", 1) == WEIGHTS[0]).all()


def test_lists_and_python_floats_take_the_dtype_of_the_case_and_arrays_keep_theirs():
    record = first({"loss": 0.1, "weights": [array.tolist() for array in WEIGHTS], "biases": BIASES}, SINGLE)
    assert record.get("loss", 0).dtype == np.float32
    assert record.get("weights", 1).dtype == np.float32
    assert record.get("biases", 1).dtype == np.float64
    assert first({"loss": np.float64(0.1)}, SINGLE).get("loss", 0).dtype == np.float64


def test_none_is_not_shown():
    record = first({"weights": WEIGHTS, "biases": [None, BIASES[1]], "loss": None, "deltas": None})
    assert record.quantities == {"weights", "biases"}
    assert record.get("biases", 1) is None


def test_several_updates_are_a_list_or_only_the_end():
    observed = read_observation([ANSWER, {"loss": 1.0}], TWICE)
    assert [sorted(step.quantities) for step in observed.steps] == [["biases", "weights"], ["loss"]]
    assert observed.quantities == {"biases", "weights", "loss"}
    end = read_observation({"final": ANSWER}, TWICE)
    assert end.steps == ()
    assert end.final.quantities == end.quantities == {"biases", "weights"}


@pytest.mark.parametrize("quantity", [name for name in QUANTITIES if name != "loss"])
@pytest.mark.parametrize("weight_layout", ["out_in", "in_out"])
@pytest.mark.parametrize("batch_axis", [0, 1])
def test_an_answer_is_turned_from_the_declared_layout_into_the_articles(quantity, weight_layout, batch_axis):
    case = CASE.under(Conventions(weight_layout=weight_layout, batch_axis=batch_axis))
    if "bias" in quantity:
        shown = [np.arange(4.0), np.arange(2.0)]
    else:
        shown = [np.arange(12.0).reshape(4, 3), np.arange(8.0).reshape(2, 4)]
    weights = quantity in ("weights", "weight_gradients")
    turned = weight_layout == "in_out" if weights else batch_axis == 1 and "bias" not in quantity
    for number, values in enumerate(shown, 1):
        found = first({quantity: shown}, case).get(quantity, number)
        expected = values.T if turned else values
        assert found.shape == expected.shape
        assert (found == expected).all()


REFUSED = {
    "nothing": (None, CASE, "expected a mapping of quantities or a list of them, one for each update; NoneType came"),
    "a word": ("weights", CASE, "expected a mapping of quantities or a list of them, one for each update; str came"),
    "a generator": ((step for step in [ANSWER]), CASE, "one for each update; generator came"),
    "no update": ([], TWICE, "expected one mapping for each of 2 updates; an empty list came"),
    "one mapping for two": (
        ANSWER,
        TWICE,
        "this case makes 2 updates: answer a list of 2 mappings, or {'final': mapping}",
    ),
    "an update that is none": ([ANSWER, 3], TWICE, "update 2: expected a mapping with any of net_inputs, activations"),
    "an end that is none": ({"final": None}, CASE, "final: expected a mapping with any of"),
    "an unknown quantity": (
        {"weight": WEIGHTS},
        CASE,
        f"answer: unknown quantity 'weight'; the quantities are {', '.join(QUANTITIES)}",
    ),
    "end and more": ({"final": ANSWER, "loss": 1.0}, CASE, "answer: unknown quantity 'final'"),
    "too few layers": (
        {"weights": WEIGHTS[:1]},
        CASE,
        "answer: weights: expected one array for each layer 1..2 (the input is not a layer); 1 came",
    ),
    "too many layers": ({"activations": [1, 2, 3]}, CASE, "answer: activations: expected one array for each layer"),
    "a number for layers": ({"weights": 3.0}, CASE, "expected a list with one array for each layer 1..2; float came"),
    "a mapping for layers": ({"weights": {1: 2}}, CASE, "one array for each layer 1..2; dict came"),
    "an array of no dimension": ({"weights": np.array(1.0)}, CASE, "one array for each layer 1..2; ndarray came"),
    "a ragged list": (
        {"weights": [WEIGHTS[0], [[1, 2], [3]]]},
        CASE,
        "answer: weights of layer 2: list cannot be read as an array of numbers: ",
    ),
    "words": (
        {"biases": [["a", "b"], BIASES[1]]},
        CASE,
        "answer: biases of layer 1: expected an array of float64; dtype <U1 came",
    ),
    "an object": ({"loss": object()}, CASE, "answer: loss: expected an array of float64; dtype object came"),
    "complex numbers": (
        {"weights": [WEIGHTS[0], WEIGHTS[1] + 1j]},
        CASE,
        "answer: weights of layer 2: expected an array of float64; dtype complex128 came",
    ),
    "an array of words": (
        {"loss": np.array("1.0")},
        CASE,
        "answer: loss: expected an array of float64; dtype <U3 came",
    ),
    "a number too large": ({"loss": 10**400}, CASE, "answer: loss: expected an array of float64; dtype object came"),
    "in a later update": ([ANSWER, {"loss": object()}], TWICE, "update 2: loss: expected an array"),
}


@pytest.mark.parametrize(("answer", "case", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_any_other_answer_is_refused_with_what_was_expected_and_what_came(answer, case, message):
    with pytest.raises(ObservationError, match=re.escape(message)):
        read_observation(answer, case)


class Unreadable:
    def __array__(self, *_, **__):
        msg = "on purpose"
        raise AttributeError(msg)


class Unopenable(Mapping):
    def __getitem__(self, key):
        raise KeyError(key)

    def __iter__(self):
        return iter(["weights"])

    def __len__(self):
        return 1


@pytest.mark.parametrize("answer", [{"weights": [Unreadable()] * 2}, Unopenable()], ids=["array", "mapping"])
def test_an_answer_whose_own_code_raises_is_an_error_of_its_case(answer):
    with pytest.raises(ObservationError):
        read_observation(answer, CASE)


def test_words_that_look_like_numbers_are_no_numbers():
    with pytest.raises(ObservationError):
        first({"biases": [["1", "2", "3", "4"], BIASES[1]]})


def test_a_masked_array_is_not_read_as_the_values_under_its_mask():
    hidden = np.ma.masked_array(WEIGHTS[0], mask=True)
    with pytest.raises(ObservationError):
        first({"weights": [hidden, WEIGHTS[1]]})


def test_a_list_whose_numbers_do_not_fit_the_dtype_raises_no_warning():
    assert np.isinf(first({"loss": 1e300}, SINGLE).get("loss", 0))


def test_an_array_on_another_device_is_asked_for_a_copy_on_the_cpu():
    given = [Foreign(array) for array in WEIGHTS]
    record = first({"weights": given})
    assert (record.get("weights", 2) == WEIGHTS[1]).all()
    assert [(words["dl_device"], words["copy"]) for words in given[0].asked] == [((1, 0), True)]
    assert np.shares_memory(record.get("weights", 2), WEIGHTS[1]), "what came over is not copied again"


def test_an_array_whose_dlpack_is_too_old_to_move_is_asked_for_cpu():
    record = first({"weights": [WithCpu(array, old=True) for array in WEIGHTS]})
    assert (record.get("weights", 1) == WEIGHTS[0]).all()


@pytest.mark.parametrize("old", [True, False])
def test_an_array_that_cannot_leave_its_device_is_named(old):
    message = r"weights of layer 1: Foreign cannot be read.*: it lies on DLPack device \(2, 0\) and gives no copy"
    with pytest.raises(ObservationError, match=message):
        first({"weights": [Foreign(array, old=old, moves=False) for array in WEIGHTS]})
