"""Gradient descent over a data set (`descent`)."""

import tracemalloc

import numpy as np
import pytest
from numpy_networks import random_data, random_network

from backproof_numpy import fit

RATE = 0.25


def trained(batches, epochs=1, **options):
    """Return the weights after explicit steps over batches of indices."""
    network = random_network("tanh", "softmax", "cross_entropy", **options)
    x, y = random_data(network, n=7)
    for _ in range(epochs):
        for batch in batches:
            network.step(x[list(batch)], y[list(batch)], RATE)
    return network.weights


def fitted(**options):
    """Return the network and history of a `fit`."""
    network = random_network("tanh", "softmax", "cross_entropy")
    x, y = random_data(network, n=7)
    options = {"learning_rate": RATE, "epochs": 1, **options}
    return network, fit(network, x, y, **options)


def same(some, others):
    """Tell whether two lists of weights are equal, bit for bit."""
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        ({"mode": "batch"}, [range(7)]),
        ({"mode": "stochastic"}, [[i] for i in range(7)]),
        ({"mode": "mini-batch", "batch_size": 3}, [[0, 1, 2], [3, 4, 5], [6]]),
        ({"mode": "mini-batch", "batch_size": 100}, [range(7)]),
        ({"mode": "batch", "order": [4, 1, 6]}, [[4, 1, 6]]),
        ({"mode": "stochastic", "order": (4, 1, 1)}, [[4], [1], [1]]),
        (
            {"mode": "mini-batch", "batch_size": 2, "order": np.array([6, 5, 4, 3, 2])},
            [[6, 5], [4, 3], [2]],
        ),
    ],
)
def test_modes_and_orders_make_the_stated_batches(options, batches):
    """M1 to M3 with natural and given order, last partial batch included, equal explicit steps.

    Other batches do not.
    """
    network, history = fitted(epochs=2, **options)
    assert same(network.weights, trained(batches, epochs=2))
    assert not same(network.weights, trained([*batches[:-1], [0, 6]], epochs=2))
    assert history.updates == 2 * len(batches)


def test_a_seed_reproduces_and_shuffles():
    """The same seed gives the same weights, another seed others.

    Each epoch has its own permutation of all samples.
    """
    options = {"mode": "stochastic", "epochs": 3}
    first, again, other = (fitted(seed=seed, **options)[0].weights for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)
    network = random_network("identity", "identity", "squared")
    x, y = np.arange(28.0).reshape(7, 4) / 8, np.zeros((7, 3))
    seen = []
    fit(network, x, y, learning_rate=1e-9, epochs=2, mode="mini-batch", batch_size=2, seed=3,
        callback=lambda progress: seen.extend(progress.result.outputs[:, 0].tolist()))  # fmt: skip
    assert len(seen) == 14
    assert np.argsort(seen[:7]).tolist() != np.argsort(seen[7:]).tolist()


def test_history_is_the_loss_of_each_epoch():
    """Under "sum" the batches' losses add up, under "mean" they are weighted by size.

    Both fall, and have the dtype.
    """
    network = random_network("tanh", "sigmoid", "log", dtype="float32", reduction="mean")
    x, y = random_data(network, n=7)
    losses = []

    def note(progress):
        losses.append((progress.result.loss, progress.samples))

    options = {"mode": "mini-batch", "batch_size": 4, "callback": note}
    history = fit(network, x, y, learning_rate=RATE, epochs=3, **options)
    (first, four), (second, three) = losses[:2]
    assert (four, three) == (4, 3)
    assert history.losses.dtype == np.float32
    assert history.losses[0] == np.float32(first * np.float32(4 / 7)) + np.float32(second * np.float32(3 / 7))
    assert history.losses[2] < history.losses[0]
    _, summed = fitted(mode="stochastic")
    assert summed.losses.shape == (1,)


def test_a_callback_sees_each_update_and_can_stop():
    """Progress counts epochs and updates from 1; True ends the descent, None does not."""
    seen = []

    def stop_at_five(progress):
        seen.append((progress.epoch, progress.update, progress.samples))
        return progress.update == 5

    _, history = fitted(mode="mini-batch", batch_size=3, epochs=9, callback=stop_at_five)
    assert seen == [(1, 1, 3), (1, 2, 3), (1, 3, 1), (2, 4, 3), (2, 5, 3)]
    assert (history.updates, len(history.losses)) == (5, 2)


@pytest.mark.parametrize("options", [{}, {"seed": 0}, {"order": tuple(range(63, -1, -1))}])
def test_descent_allocates_nothing(options):
    """From the second epoch on an update stays under 4 KiB, gathering included."""
    network = random_network("gelu", "softmax", "cross_entropy", widths=(40, 30, 25, 8))
    x, y = random_data(network, n=64)
    peaks = []

    def measure(_):
        peaks.append(tracemalloc.get_traced_memory()[1] - baseline[-1])
        baseline.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.reset_peak()

    baseline = [0]
    tracemalloc.start()
    try:
        fit(
            network,
            x,
            y,
            learning_rate=RATE,
            epochs=4,
            mode="mini-batch",
            batch_size=24,
            callback=measure,
            **options,
        )
    finally:
        tracemalloc.stop()
    assert max(peaks[:3]) > 4096
    assert max(peaks[3:]) < 4096


@pytest.mark.parametrize("options", [{}, {"seed": 0}])
def test_a_memory_map_is_streamed(tmp_path, options):
    """Peak memory is that of 0.5 MiB for 8 MiB on disk, and the weights are as from memory."""
    peaks = []
    for rows in (1 << 10, 1 << 14):
        network = random_network("tanh", "identity", "squared", widths=(64, 8, 4, 3))
        in_memory = random_network("tanh", "identity", "squared", widths=(64, 8, 4, 3))
        x, y = random_data(network, n=rows)
        np.save(tmp_path / "x.npy", x)
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
        tracemalloc.start()
        arguments = {
            "learning_rate": 2.0**-10,
            "epochs": 1,
            "mode": "mini-batch",
            "batch_size": 32,
            **options,
        }
        fit(network, mapped, y, **arguments)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        fit(in_memory, x, y, **arguments)
        assert same(network.weights, in_memory.weights)
    # The indices of a shuffled epoch, 8 bytes a sample, are all that may grow; the samples have 512
    # bytes each.
    assert peaks[1] - peaks[0] < 16 * (1 << 14) < 512 * (1 << 14)


def test_samples_in_another_memory_order_are_gathered_right():
    """Fortran-ordered samples, which `take` would copy, give the weights of C-ordered ones."""
    results = []
    for arrange in (np.ascontiguousarray, np.asfortranarray):
        network = random_network("tanh", "softmax", "cross_entropy")
        x, y = random_data(network, n=7)
        fit(
            network,
            arrange(x),
            arrange(y),
            learning_rate=RATE,
            epochs=2,
            mode="mini-batch",
            batch_size=3,
            seed=4,
        )
        results.append(network.weights)
    assert same(*results)


def test_lists_are_taken():
    """Plain nested lists have no dtype and take the network's."""
    network = random_network("tanh", "identity", "squared", dtype="float32", widths=(2, 3, 2, 1))
    history = fit(network, [[1, 0], [0, 1]], [[1], [0]], learning_rate=RATE, epochs=2)
    assert history.updates == 2
    assert network.weights[0].dtype == np.float32


def test_data_and_given_order_stay_as_they_are():
    """Neither x, y nor the order is changed, and NumPy's global random state is not used."""
    network = random_network("tanh", "softmax", "cross_entropy")
    x, y = random_data(network, n=7)
    order = np.array([3, 2, 1])
    copies, state = (
        (x.copy(), y.copy()),
        np.random.get_state()[1],  # noqa: NPY002  # must not change
    )  # the global state must not change
    fit(network, x, y, learning_rate=RATE, epochs=2, order=order)
    fit(network, x, y, learning_rate=RATE, epochs=2, seed=0)
    assert same(copies, (x, y))
    assert order.tolist() == [3, 2, 1]
    assert np.array_equal(np.random.get_state()[1], state)  # likewise  # noqa: NPY002  # must not change
