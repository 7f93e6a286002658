"""The generator by array arithmetic is NumPy's, to the bit."""

import array_api_compat
import numpy as np
import pytest

from backproof.probes import philox
from backproof.probes.device import Device
from backproof.probes.sources import Generated

KEYS = [(0, 0), (1, 2), (2**63 + 5, 2**64 - 1), (0x9E3779B97F4A7C15, 1)]


@pytest.mark.parametrize("first", [0, 7, 2**40])
@pytest.mark.parametrize("key", KEYS)
def test_the_words_are_those_of_numpy(key, first):
    wanted = np.random.Philox(key=np.array(key, np.uint64), counter=first).random_raw(40)
    found = philox.words(array_api_compat.array_namespace(wanted), np.arange(first + 1, first + 11), key)
    assert found.dtype == np.int64
    assert np.array_equal(found.view(np.uint64), wanted)
    other = philox.words(
        array_api_compat.array_namespace(wanted), np.arange(first + 1, first + 11), (key[0] ^ 1, key[1])
    )
    assert not np.array_equal(other.view(np.uint64), wanted)


def test_rows_that_are_read_in_order_are_made_some_blocks_ahead(monkeypatch):
    """And are the same, whatever is read between them."""
    made, words = [], philox.words
    monkeypatch.setattr(philox, "words", lambda *given: made.append(1) or words(*given))
    monkeypatch.setattr("backproof.probes.device.FEWEST", 1 << 8)
    source, other = (Generated((200, 33), np.dtype("float32"), 11, stream, 0.25) for stream in (4, 5))
    place = Device(np.ones(3), 0)
    for start, stop in place.blocks(source.shape):
        assert np.array_equal(place.rows(source, start, stop), source.rows(start, stop))
    assert len(made) < len(list(place.blocks(source.shape))) / 4
    for start in (190, 3, 4):
        assert np.array_equal(place.rows(source, start, start + 2), source.rows(start, start + 2))
        assert np.array_equal(place.rows(other, start, start + 2), other.rows(start, start + 2))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(50, 37), (3, 640), (129,)])
def test_the_rows_are_those_of_the_source(shape, dtype):
    source = Generated(shape, np.dtype(dtype), 11, 4, 0.25)
    place = Device(np.ones(3), source.size)
    for start, stop in ((0, shape[0]), (1, 2), (shape[0] - 1, shape[0])):
        found = place.rows(source, start, stop)
        assert found.dtype == dtype
        assert np.array_equal(found, source.rows(start, stop))
