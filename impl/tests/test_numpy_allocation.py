"""Memory: a step allocates no array, an epoch over a memory map takes what one batch takes. Counted, never timed."""

import gc
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from backproof_numpy import Layer, Network, fit

MOST_BYTES = 4096  # a step, above what stood before it

SIZES = [(2, 3, 2, 1), (10, 20, 10, 3), (64, 64, 10), (784, 128, 10), (512, 512, 512)]


def network_of(widths, dtype):
    """Return sigmoid layers under one sigmoid with log loss, or under softmax with cross-entropy."""
    rng, loss = np.random.default_rng(0), "log" if widths[-1] == 1 else "cross_entropy"
    layers = []
    for n_in, n_out in pairwise(widths):
        weights = (rng.normal(size=(n_out, n_in)) / np.sqrt(n_in)).astype(dtype)
        layers.append(Layer(weights, np.zeros(n_out, dtype), activation="sigmoid"))
    if loss == "cross_entropy":
        layers[-1] = Layer(layers[-1].weights, layers[-1].biases, activation="softmax")
    return Network(layers, loss=loss, reduction="mean")


def peak_of(call):
    """Return the most bytes that were allocated during a call, above what was there before it."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def samples_of(widths, batch, dtype):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(batch, widths[0])).astype(dtype)
    classes = rng.integers(0, max(2, widths[-1]), batch)
    return x, (classes[:, None] if widths[-1] == 1 else np.eye(widths[-1])[classes]).astype(dtype)


@pytest.mark.parametrize("check", [True, False], ids=["checked", "unchecked"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch", [1, 32, 256])
@pytest.mark.parametrize("widths", SIZES, ids=lambda widths: "-".join(map(str, widths)))
def test_a_step_after_the_first_allocates_less_than_four_kilobytes(widths, batch, dtype, check):
    network, (x, y) = network_of(widths, dtype), samples_of(widths, batch, dtype)
    network.step(x, y, 0.01)
    assert peak_of(lambda: network.step(x, y, 0.01, check=check)) < MOST_BYTES


def test_the_count_sees_an_array_of_the_size_of_a_layer():
    network, (x, y) = network_of((64, 64, 10), "float64"), samples_of((64, 64, 10), 32, "float64")
    network.step(x, y, 0.01)
    assert peak_of(lambda: (network.step(x, y, 0.01), np.zeros((32, 64)))) > MOST_BYTES


@pytest.mark.parametrize("seed", [None, 3], ids=["in order", "shuffled"])
def test_an_epoch_over_a_memory_map_takes_what_its_batches_take(tmp_path, seed):
    """60,000 samples and a tenth of them: the same peak, but for the order of the samples (8 bytes each)."""
    peaks, few, many = [], 6_000, 60_000
    for count in (few, many):
        x = np.memmap(tmp_path / f"x{count}", dtype="float32", mode="w+", shape=(count, 784))
        y = np.memmap(tmp_path / f"y{count}", dtype="float32", mode="w+", shape=(count, 10))
        y[:, 3] = 1
        network = network_of((784, 128, 10), "float32")
        options = {"learning_rate": 0.01, "epochs": 1, "mode": "mini-batch", "batch_size": 64, "seed": seed}
        fit(network, x[:64], y[:64], **options)
        peaks.append(peak_of(lambda n=network, x=x, y=y, o=options: fit(n, x, y, **o)))
    assert peaks[1] - peaks[0] < 8 * (many - few) + MOST_BYTES
    assert max(peaks) < 784 * 4 * many / 100  # far from a copy of the data
