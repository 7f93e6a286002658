"""Arrays as .npy files: they come back bit for bit, and whatever else lies or points there is refused, never opened."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from backproof.case import Case
from backproof.catalogue import get_case
from backproof.errors import WireError
from backproof.subjects.bundled_numpy import train
from backproof.wire import messages
from backproof.wire.arrays import read_array, write_array
from backproof.wire.cases import answer_limit, read_case
from backproof.wire.files import Files, request_files
from backproof.wire.messages import schema
from backproof.wire.subject import isolated_subject
from backproof_spec import Layer, activation


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path, most=1000, above=0)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bool", "int64", "uint8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_comes_back_to_the_last_bit_in_either_order(files, dtype, order):
    values = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype, order=order)
    back = read_array(write_array(values, packed=False, files=files), "a", packed=False, files=files)
    assert (back.dtype, back.shape) == (values.dtype, values.shape)
    np.testing.assert_array_equal(back, values)
    np.save(files.folder / "theirs.npy", values)
    np.testing.assert_array_equal(files.read({"npy": "theirs.npy"}, "a"), values)


def test_what_is_not_finite_and_another_byte_order_come_back_too(files):
    values = np.array([np.nan, np.inf, -0.0, 1 / 3], ">f8")
    np.save(files.folder / "a.npy", values)
    back = files.read({"npy": "a.npy"}, "a")
    assert back.dtype == np.dtype("float64")
    np.testing.assert_array_equal(back, values)
    assert np.signbit(back[2])


def test_only_large_arrays_go_to_files(tmp_path):
    files = Files(tmp_path, most=1000, above=4)
    assert write_array(np.zeros(4), packed=False, files=files) == [0, 0, 0, 0]
    assert write_array(np.zeros(5), packed=False, files=files) == {"npy": "case-1.npy"}
    assert write_array(np.zeros(5), packed=True, files=files) == {"npy": "case-2.npy"}
    assert Files(tmp_path, most=1).above == 10**6


def header(text, version=b"\x01\x00"):
    body = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + version + len(body).to_bytes(2, "little") + body


EIGHT = header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }")
CONTENTS = {
    "empty": (b"", "expected a .npy file; "),
    "text": (b"0.5 0.25\n" * 20, "expected a .npy file; the magic string is not correct"),
    "truncated": (EIGHT + bytes(7), "expected 8 bytes for float64 of shape [1] behind the header; 7 came; "),
    "too_long": (EIGHT + bytes(9), "expected 8 bytes for float64 of shape [1] behind the header; 9 came; "),
    "no_numbers": (EIGHT, "expected 8 bytes for float64 of shape [1] behind the header; 0 came; "),
    "another_version": (EIGHT.replace(b"\x01\x00", b"\x09\x00", 1), "expected "),
    "no_dictionary": (header("[1, 2]") + bytes(8), "expected a .npy file; "),
    "code": (header("__import__('os').abort()") + bytes(8), "expected a .npy file; "),
    "complex": (header("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }") + bytes(16), "'<c16' came"),
    "words": (header("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }") + bytes(4), "'<U1' came"),
    "long_double": (header("{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }") + bytes(16), "'<f16' came"),
    "negative": (header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }") + bytes(8), "a list of 1 came"),
    "too_large": (
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1000000000000), }"),
        "expected at most 1000 bytes of numbers; 8000000000000000000000000 came",
    ),
    "many_axes": (header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {(1,) * 9}, }}") + bytes(8), "8 sizes"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_that_holds_something_else_is_refused(files, name):
    content, message = CONTENTS[name]
    files.folder.joinpath("a.npy").write_bytes(content)
    with pytest.raises(WireError, match=r"^deltas of layer 1: a\.npy: ") as caught:
        files.read({"npy": "a.npy"}, "deltas of layer 1")
    assert message in str(caught.value)
    files.folder.joinpath("a.npy").write_bytes(EIGHT + bytes(8))
    assert files.read({"npy": "a.npy"}, "deltas of layer 1") == [0.0]


class Pickled:
    def __reduce__(self):
        return Path.touch, (Path(os.environ["PICKLED"]),)


def test_objects_are_refused_and_never_unpickled(files, tmp_path, monkeypatch):
    marker = tmp_path / "marker"
    monkeypatch.setenv("PICKLED", str(marker))
    np.save(files.folder / "a.npy", np.array([Pickled()], object), allow_pickle=True)
    with pytest.raises(
        WireError, match=r"expected numbers of at most 64 bits; dtype '\|O' came; .*nothing is unpickled"
    ):
        files.read({"npy": "a.npy"}, "a")
    assert not marker.exists()
    np.load(files.folder / "a.npy", allow_pickle=True)  # the negative twin: it would have left its mark
    assert marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../a.npy",
        "/a.npy",
        "sub/a.npy",
        "..",
        ".a.npy",
        "a.txt",
        "",
        "a.npy\n",
        "a\x00.npy",
        "ä.npy",
        "a" * 200 + ".npy",
    ],
)
def test_a_name_with_a_path_is_refused(files, name):
    with pytest.raises(WireError, match="expected the name of a file, without a path"):
        files.read({"npy": name}, "a")


@pytest.mark.parametrize("value", [{"npy": 3}, {"npy": ["a.npy"]}, {"npy": "a.npy", "shape": [1]}])
def test_what_is_no_name_is_refused(files, value):
    with pytest.raises(WireError, match=r"a\.npy: expected the name of a file, without a path; "):
        files.read(value, "a")


@pytest.fixture
def outside(tmp_path_factory):
    path = tmp_path_factory.mktemp("outside") / "a.npy"
    np.save(path, np.zeros(1))
    return path


def test_a_link_is_not_followed(files, outside):
    files.folder.joinpath("a.npy").symlink_to(outside)
    with pytest.raises(WireError, match=r"expected a regular file a\.npy in the folder of the request; a link came"):
        files.read({"npy": "a.npy"}, "a")


def test_a_folder_that_became_a_link_is_not_followed(tmp_path, outside):
    link = tmp_path / "link"
    link.symlink_to(outside.parent)
    with pytest.raises(WireError, match=r"expected a regular file a\.npy"):
        Files(link, most=1000).read({"npy": "a.npy"}, "a")
    assert Files(outside.parent, most=1000).read({"npy": "a.npy"}, "a") == [0.0]


def test_a_pipe_and_a_folder_are_refused_without_waiting(files):
    os.mkfifo(files.folder / "pipe.npy")
    files.folder.joinpath("folder.npy").mkdir()
    for name in ("pipe.npy", "folder.npy"):
        with pytest.raises(WireError, match="expected a regular file"):
            files.read({"npy": name}, "a")


def test_a_file_that_is_not_there_is_told(files):
    with pytest.raises(WireError, match=r"a\.npy: expected a regular file b\.npy .*; No such file or directory came"):
        files.read({"npy": "b.npy"}, "a")


def test_a_file_is_refused_where_files_were_not_declared():
    with pytest.raises(WireError, match='declare "capabilities": \\["npy"\\]'):
        read_array({"npy": "a.npy"}, "a", packed=True)


def test_the_folder_of_a_request_goes_with_all_that_is_in_it(outside):
    with request_files(most=1) as files:
        files.folder.joinpath("sub").mkdir()
        files.folder.joinpath("sub", "link").symlink_to(outside.parent)
        files.write(np.zeros(1), "case")
    assert not files.folder.exists()
    assert outside.exists()


def test_a_case_and_its_answer_travel_as_files_and_fit_the_schemas():
    case = get_case("masked").for_subject()
    with request_files(answer_limit(case), above=0) as files:
        line = messages.run(1, case, files=files)
        data = json.loads(line)
        assert schema("run").first_error(data) is None
        assert set(data["case"]["x"]) == set(data["case"]["layers"][0]["mask"]) == {"npy"}
        back = read_case(data["case"], files)
        assert back.x.tobytes() == case.x.tobytes()
        assert [la.weights.tobytes() for la in back.layers] == [la.weights.tobytes() for la in case.layers]
        weights = [write_array(la.weights, packed=False, files=files) for la in case.layers]
        result = {"id": 1, "result": {"weights": weights}}
        assert schema("answer").first_error(result) is None
        answer = messages.read_answer(messages.message(result), 1, files=files)
        assert answer.result["weights"][0].tobytes() == case.layers[0].weights.tobytes()
        wrong = {"id": 1, "result": {"loss": {"npy": "../a.npy"}}}
        assert schema("answer").first_error(wrong) is not None


def test_a_network_of_a_million_weights_goes_through_the_pipe_as_files(monkeypatch):
    """Its weights and their gradients are files, the rest base64; what is shown is what the same code shows here."""
    rows, columns = 1001, 1000
    weights = np.linspace(-1, 1, rows * columns, dtype="float32").reshape(rows, columns)
    case = Case(
        slug="large",
        layers=(Layer(weights, np.zeros(rows, "float32"), activation("tanh")),),
        x=np.linspace(-1, 1, columns, dtype="float32").reshape(1, columns),
        y=np.zeros((1, rows), "float32"),
        loss="squared",
        learning_rate=0.5,
        batches=((0,),),
        dtype="float32",
    )
    lines = []
    written = messages.run
    monkeypatch.setattr(messages, "run", lambda *given, **named: lines.append(written(*given, **named)) or lines[-1])
    with isolated_subject("numpy") as subject:
        (shown,) = subject.run(case.for_subject())
    assert len(lines[0]) < 100_000, "the weights are not in the line"
    assert not Path(json.loads(lines[0])["folder"]).exists()
    (here,) = train(case.for_subject())
    for name in ("weights", "weight_gradients", "deltas"):
        assert shown[name][0].tobytes() == np.asarray(here[name][0]).tobytes(), name
