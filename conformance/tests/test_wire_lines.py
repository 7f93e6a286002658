"""Reading a line: what is no strict JSON object within the limits is refused, with what came and what to do."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.errors import WireError
from backproof.wire.lines import DEEPEST, read_line

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
VALUES = st.recursive(
    NUMBERS | st.text() | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(data=st.dictionaries(st.text(), VALUES), ascii_only=st.booleans())
def test_every_json_object_is_read_as_json_reads_it(data, ascii_only):
    line = json.dumps(data, ensure_ascii=ascii_only)
    try:
        encoded = line.encode()
    except UnicodeEncodeError:  # a lone surrogate is no UTF-8
        return
    assert read_line(encoded, "answer") == json.loads(line)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_every_float64_comes_back_unchanged(number):
    found = read_line(json.dumps({"n": number}).encode(), "answer")["n"]
    assert found == number
    assert math.copysign(1, found) == math.copysign(1, number)


def test_long_integers_are_the_nearest_float64():
    found = read_line(b'{"n": 123456789012345678901234567890, "m": -7}', "answer")
    assert found == {"n": 1.2345678901234568e29, "m": -7}
    assert type(found["n"]) is float


REFUSED = {
    b"": "answer: expected one line of JSON; '' came; print one JSON object on one line, and everything else on ",
    b"{": "expected one line of JSON; '{' came",
    b"[1]": "answer: expected a JSON object; a list of 1 came",
    b"null": "expected a JSON object; null came",
    b"3": "expected a JSON object; 3 came",
    b'{"a": 1} {"b": 2}': "expected one line of JSON; ",
    b'{"a": NaN}': 'expected JSON; the token NaN came; write the string "NaN" in quotes',
    b'{"a": -Infinity}': 'expected JSON; the token -Infinity came; write the string "-Infinity" in quotes',
    b'{"a": 1e400}': 'expected numbers of float64; 1e400 came; write infinities as "Infinity" and "-Infinity"',
    b'{"a": -1e400}': "expected numbers of float64; -1e400 came",
    b'{"a": ' + b"9" * 400 + b"}": "expected numbers of float64; 9999",
    b'{"a": 1, "b": {"c": 1, "c": 2}}': "expected every key once; 'c' twice came; give each key one value",
    b'{"a": "\xff"}': "expected UTF-8; byte 0xff at 7 came; write UTF-8, or ASCII with \\u escapes",
    b'\xef\xbb\xbf{"a": 1}': "expected one line of JSON; ",
    b'{"a": '
    + b"[" * 30
    + b"]" * 30
    + b"}": f"expected at most {DEEPEST} levels of nesting; a level {DEEPEST + 1} came",
    b"[" * 10_000_000: f"expected at most {DEEPEST} levels of nesting",
    b'{"a": 01}': "expected one line of JSON; ",
    b'{"a": "\\ud800"}': "expected whole letters; \\ud800 alone came; write both halves of a surrogate pair, or UTF-8",
    b"{'a': 1}": "expected one line of JSON; ",
    b'{"a": 0x10}': "expected one line of JSON; ",
}


@pytest.mark.parametrize("line", REFUSED, ids=lambda line: repr(line[:20]))
def test_what_is_no_strict_json_is_refused_with_what_came(line):
    with pytest.raises(WireError) as caught:
        read_line(line, "answer")
    assert REFUSED[line] in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_whole_pair_is_read():
    assert read_line(b'{"a": "\\ud83d\\ude00"}', "answer") == {"a": "\U0001f600"}


def test_brackets_within_strings_are_no_nesting():
    text = "[" * 100 + '\\"' + "{" * 100
    assert read_line(json.dumps({"a": text}).encode(), "answer") == {"a": text}


def test_nesting_up_to_the_limit_is_read():
    line = b'{"a": ' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}"
    assert "a" in read_line(line, "answer")
