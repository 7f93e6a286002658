"""The messages: what is written fits the schemas that ship and is read back unchanged; what breaks them is refused."""

import json

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from backproof.catalogue import all_cases, get_case
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof.errors import WireError
from backproof.loading import load_subject
from backproof.observation import Observation, read_observation
from backproof.run import answer
from backproof.wire import messages
from backproof.wire.adapter import declare, show
from backproof.wire.cases import answer_limit, read_case, write_case
from backproof.wire.messages import read_answer, read_hello, schema

NAMES = ("hello", "hello-answer", "run", "answer", "bye")
TURNED = Conventions(weight_layout="in_out", batch_axis=1, reduction="mean", kink=0.5)


def fits(name, data):
    return Draft202012Validator(schema(name).data).is_valid(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one(name):
    Draft202012Validator.check_schema(schema(name).data)


def test_hello_and_bye_fit_their_schemas_and_no_other():
    hello, bye = json.loads(messages.hello()), json.loads(messages.bye())
    assert fits("hello", hello)
    assert fits("bye", bye)
    assert not fits("hello", bye)
    assert not fits("bye", hello)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("conventions", [Conventions(), TURNED], ids=["defaults", "turned"])
@pytest.mark.parametrize("slug", ["worked-example", "masked", "gelu-tanh-multiclass", "mini-batch-descent"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_case_fits_the_schema_and_comes_back_unchanged(slug, dtype, conventions, packed):
    case = get_case(slug, dtype).under(conventions)
    line = messages.run(7, case.for_subject(), packed=packed)
    data = json.loads(line)
    assert line.count(b"\n") == 1
    assert fits("run", data)
    assert data["id"] == 7
    back = read_case(data["case"])
    for name in ("slug", "dtype", "loss", "learning_rate", "batches", "flags", "conventions", "widths"):
        assert getattr(back, name) == getattr(case, name), name
    for one, other in zip(back.layers, case.layers, strict=True):
        assert one.activation == other.activation
        for name in ("weights", "biases", "mask"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(back.x, case.x)
    np.testing.assert_array_equal(back.y, case.y)


def test_a_case_goes_out_in_the_declared_layout():
    case = get_case("masked-no-biases").under(TURNED)
    data = write_case(case.for_subject())
    assert np.shape(data["layers"][0]["weights"]) == case.layers[0].weights.T.shape
    assert np.shape(data["layers"][0]["mask"]) == case.layers[0].weights.T.shape
    assert np.shape(data["x"]) == case.x.T.shape
    assert data["layers"][0]["biases"] is None


@pytest.mark.parametrize("case", all_cases("float32"), ids=lambda case: case.slug)
def test_a_whole_answer_is_far_below_its_limit_and_fits_the_schema(case):
    subject = load_subject("numpy")
    observation = answer(subject, case.under(subject.conventions))
    line = messages.message({"id": 3, "result": show(observation, case)})
    plain = [
        {name: [np.asarray(a, "float64").tolist()] for (name, _), a in record.values.items() if name != "loss"}
        for record in observation.steps
    ]
    assert len(line) < answer_limit(case) / 2
    assert len(json.dumps(plain)) < answer_limit(case) / 2
    assert fits("answer", json.loads(line))
    assert same(read_observation(read_answer(line, 3, packed=True).result, case), observation)


def same(one: Observation, other: Observation):
    return len(one.steps) == len(other.steps) and all(
        a.values.keys() == b.values.keys()
        and all(
            np.array_equal(a.values[key], b.values[key]) and a.values[key].dtype == b.values[key].dtype
            for key in a.values
        )
        for a, b in zip(one.steps, other.steps, strict=True)
    )


def test_a_final_answer_stays_one():
    case = get_case("batch-descent").under(TURNED)
    record = {"weights": [layer.weights.T for layer in case.layers]}
    observation = read_observation({"final": record}, case)
    shown = show(observation, case)
    assert set(shown) == {"final"}
    back = read_observation(read_answer(messages.message({"id": 1, "result": shown}), 1, packed=True).result, case)
    assert back.final is not None
    np.testing.assert_array_equal(back.final.get("weights", 1), case.layers[0].weights)


HELLO = {"protocol": "backproof/1", "name": "net"}


def hello(**changes):
    return json.dumps({**HELLO, **changes}).encode()


def test_the_smallest_hello_declares_everything():
    found = read_hello(hello())
    assert fits("hello-answer", HELLO)
    assert found.capabilities == ()
    subject = found.subject
    assert (subject.name, subject.version, subject.language, subject.in_process) == ("net", "", "", False)
    assert (subject.activations, subject.losses, subject.dtypes, subject.skips) == (None, None, None, ())


def test_a_declared_subject_comes_back_as_it_was():
    subject = Subject(
        name="net",
        run=lambda case: case,
        version="3",
        conventions=TURNED,
        activations=("relu",),
        losses=("squared",),
        dtypes=("float32",),
        skips=("masked",),
        observes=("weights",),
    )
    data = declare(subject)
    assert fits("hello-answer", data)
    found = read_hello(messages.message(data)).subject
    for name in ("name", "version", "language", "conventions", "activations", "losses", "dtypes", "skips", "observes"):
        assert getattr(found, name) == getattr(subject, name)


REFUSED_HELLOS = [
    (hello(protocol="backproof/2"), "hello: field protocol: expected 'backproof/1'; 'backproof/2' came; this kit ("),
    (b'{"name": "net"}', "hello: field protocol: expected 'backproof/1'; no such field came"),
    (b'{"protocol": "backproof/1"}', "hello: expected the fields protocol, name; an object with 'protocol' came"),
    (hello(name=3), "hello: field name: expected string; 3 came; see the schema wire-hello-answer-1.json"),
    (hello(name=""), "hello: field name: expected minLength 1; '' came"),
    (hello(nmae="x"), "hello: expected any of protocol, name, version, "),
    (hello(losses="log"), "hello: field losses: expected array; 'log' came"),
    (hello(losses=["log", 3]), "hello: field losses.1: expected string; 3 came"),
    (hello(losses=["logs"]), "hello: losses: unknown 'logs'; the known ones are squared, log, cross_entropy"),
    (hello(skips=["masks"]), "hello: skips: unknown 'masks'; the known ones are masked"),
    (hello(capabilities=["gzip"]), "hello: field capabilities.0: expected one of 'base64', 'npy'; 'gzip' came"),
    (hello(conventions={"reduktion": "sum"}), "hello: field conventions: expected any of loss_factor"),
    (hello(conventions={"reduction": "max"}), "hello: convention reduction='max': expected one of 'sum', 'mean'"),
    (hello(conventions={"kink": [1]}), "hello: convention kink=[1]: expected one of "),
]


@pytest.mark.parametrize(("line", "message"), REFUSED_HELLOS)
def test_a_wrong_hello_is_refused_with_its_field(line, message):
    with pytest.raises(WireError) as caught:
        read_hello(line)
    assert message in str(caught.value)


def test_an_answer_is_a_result_a_skip_or_an_error():
    assert read_answer(b'{"id": 2, "result": {"loss": "NaN"}}', 2).result["loss"] != 0
    assert read_answer(b'{"id": 2, "skipped": {"loss": "log"}}', 2).skipped == ("loss", "log")
    assert read_answer(b'{"id": 2, "error": "no"}', 2).error == "no"


def test_what_a_program_says_cannot_move_the_cursor():
    assert read_answer(b'{"id": 2, "error": "a\\u001b[2Jb\\nc"}', 2).error == "a?[2Jb\nc"
    assert read_hello(hello(name="\x1b]0;x\x07")).subject.name == "?]0;x?"


REFUSED_ANSWERS = [
    (b'{"id": 3, "result": {}}', "answer: field id: expected 2; 3 came; answer each request once, in order"),
    (b'{"id": 1, "result": {}}', "answer: field id: expected 2; 1, that of an earlier request, came"),
    (b'{"id": "2", "result": {}}', "answer: field id: expected 2; '2' came"),
    (b'{"id": [], "result": {}}', "answer: field id: expected 2; a list of 0 came"),
    (b'{"result": {}}', "answer: field id: expected 2; no id came"),
    (b'{"id": 2}', "answer: expected exactly one of result, skipped, error; none of them came"),
    (b'{"id": 2, "result": {}, "error": "x"}', "exactly one of result, skipped, error; result and error came"),
    (b'{"id": 2, "result": {}, "time": 3}', "answer: expected any of id, result, skipped, error; 'time' came"),
    (b'{"id": 2, "error": 3}', "answer: field error: expected string; 3 came"),
    (b'{"id": 2, "skipped": true}', "answer: field skipped: expected object; true came"),
    (b'{"id": 2, "skipped": {}}', "answer: field skipped: expected at least 1 fields; an object with nothing came"),
    (b'{"id": 2, "skipped": {"loss": "log", "flag": "masked"}}', "answer: field skipped: expected at most 1 fields"),
    (b'{"id": 2, "skipped": {"loss": 3}}', "answer: field skipped.loss: expected string; 3 came"),
    (b'{"id": 2, "result": {"deltas": [[["x"]]]}}', "result: deltas of layer 1[0][0]: expected a number"),
    (
        b'{"id": 2, "result": {"loss": null}}',
        "result: loss: expected a number; null came; JSON has no NaN",
    ),
    (b'{"id": 2, "result": {"final": {"loss": "x"}}}', "final: loss: expected a number; 'x' came"),
    (b'{"id": 2, "result": [{}, {"loss": "x"}]}', "update 2: loss: expected a number; 'x' came"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED_ANSWERS)
def test_a_wrong_answer_is_refused_with_its_field(line, message):
    with pytest.raises(WireError) as caught:
        read_answer(line, 2)
    assert message in str(caught.value)


STRUCTURES = [3, "x", None, True, [], [3], {"delta": []}, {"deltas": 3}, {"deltas": {"a": 1}}, {"final": 3}]


@pytest.mark.parametrize("result", STRUCTURES, ids=str)
def test_a_structure_that_breaks_the_schema_is_refused_by_the_reader_of_observations(result):
    data = {"id": 2, "result": result}
    assert not fits("answer", data)
    with pytest.raises(Exception, match=r"expected|unknown") as caught:
        read_observation(read_answer(messages.message(data), 2).result, get_case("one-neuron-a-layer"))
    assert type(caught.value).__name__ in ("WireError", "ObservationError")
