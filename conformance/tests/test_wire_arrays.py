"""Arrays on the wire: they come back bit for bit, as lists and as base64, and what is none is refused."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.errors import WireError
from backproof.wire.arrays import DTYPES, read_array, write_array


def there_and_back(values, *, packed):
    text = json.dumps(write_array(values, packed=packed), allow_nan=False)
    return np.array(read_array(json.loads(text), "a", packed=packed), values.dtype)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(data=st.data())
def test_numbers_come_back_to_the_last_bit(packed, dtype, data):
    bits = 64 if dtype == "float64" else 32
    rows, columns = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    numbers = st.lists(st.floats(width=bits), min_size=rows * columns, max_size=rows * columns)
    values = np.array(data.draw(numbers), dtype).reshape(rows, columns)
    back = there_and_back(values, packed=packed)
    assert back.shape == values.shape
    np.testing.assert_array_equal(back, values)
    finite = np.isfinite(values)
    assert (np.signbit(back) == np.signbit(values))[finite].all()


def test_a_float32_number_is_written_as_the_float64_that_equals_it():
    assert write_array(np.array([0.1], "float32"), packed=False) == [0.10000000149011612]


def test_what_is_not_finite_is_a_string():
    assert write_array(np.array([[np.nan, np.inf], [-np.inf, 1.5]]), packed=False) == [
        ["NaN", "Infinity"],
        ["-Infinity", 1.5],
    ]


def test_base64_is_little_endian_row_by_row():
    values = np.array([[1.0, 2.0], [3.0, 4.0]], ">f8").T
    written = write_array(values, packed=True)
    assert written["shape"] == [2, 2]
    assert base64.b64decode(written["base64"]) == np.array([1, 3, 2, 4], "<f8").tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_keeps_its_name(dtype):
    values = np.array([0, 1, 1]).astype(dtype)
    found = read_array(write_array(values, packed=True), "a", packed=True)
    assert found.dtype == np.dtype(dtype)
    assert (found == values).all()


def test_a_number_alone_has_no_axes():
    assert read_array(0.25, "a", packed=False) == 0.25
    assert read_array(write_array(np.float64(0.25), packed=True), "a", packed=True).shape == ()


EIGHT = base64.b64encode(bytes(8)).decode()
REFUSED = [
    (None, "a: expected a number; null came; show numbers as JSON numbers"),
    ("0.5", "a: expected a number; '0.5' came"),
    ("nan", "a: expected a number; 'nan' came"),
    ([[1, True]], "a[0][1]: expected a number; true came"),
    ([1, {"b": 2}], "a[1]: expected a number; an object with 'b' came"),
    ({"b": 2}, "a: expected an object with base64, dtype, shape; an object with 'b' came; give it those three fields"),
    ({"dtype": "float65", "shape": [1], "base64": EIGHT}, "a.dtype: expected one of float64, float32, "),
    ({"dtype": ["float64"], "shape": [1], "base64": EIGHT}, "a.dtype: expected one of float64, float32, "),
    ({"dtype": "float64", "shape": [-1], "base64": EIGHT}, "a.shape: expected a list of sizes; [-1] came"),
    ({"dtype": "float64", "shape": [True], "base64": EIGHT}, "a.shape: expected a list of sizes; [True] came"),
    ({"dtype": "float64", "shape": 1, "base64": EIGHT}, "a.shape: expected a list of sizes; 1 came"),
    ({"dtype": "float64", "shape": [1] * 99, "base64": EIGHT}, "a.shape: expected a list of sizes; a list of 99 came"),
    ({"dtype": "float64", "shape": [2], "base64": EIGHT}, "expected 16 bytes for float64 of shape [2]; 8 bytes came"),
    ({"dtype": "float64", "shape": [10**18], "base64": EIGHT}, "expected 8000000000000000000 bytes"),
    ({"dtype": "float64", "shape": [1], "base64": EIGHT[:-1]}, "a.base64: expected base64; 'AAAAAAAAAAA' came"),
    ({"dtype": "float64", "shape": [1], "base64": "A A=" * 3}, "a.base64: expected base64; "),
    ({"dtype": "float64", "shape": [1], "base64": "ä"}, "a.base64: expected base64; 'ä' came"),
    ({"dtype": "float64", "shape": [1], "base64": 7}, "a.base64: expected base64; 7 came"),
]


@pytest.mark.parametrize(("value", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_no_array_is_refused(value, message):
    with pytest.raises(WireError) as caught:
        read_array(value, "a", packed=True)
    assert message in str(caught.value)


def test_base64_is_refused_where_it_was_not_declared():
    with pytest.raises(WireError, match='declare "capabilities"'):
        read_array({"dtype": "float64", "shape": [1], "base64": EIGHT}, "a", packed=False)


def test_a_dtype_that_no_other_machine_has_is_not_written():
    with pytest.raises(WireError, match="convert it before you show it"):
        write_array(np.zeros(2, "complex128"), packed=True)
