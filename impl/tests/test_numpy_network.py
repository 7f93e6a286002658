"""Networks: worked example, gradients, masks, dtypes, buffers (`network`, `buffers`)."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from numpy_networks import (
    DTYPES,
    ELEMENTWISE,
    PAIRS,
    assert_within,
    bound,
    example_network,
    loops,
    random_data,
    random_network,
    roundoff,
)

from backproof_numpy import Layer, Network

HALF_A_DIGIT = 0.5e-10
SMALL_RATE = 2.0**-10
PEAK = 4096


def test_worked_example():
    """X2 to X6: the article's step, 0.6718458612 to 0.6980763066, every digit right."""
    network = example_network()
    x = np.array([[1.0, 0.0]])
    result = network.step(x, np.array([[1.0]]), 0.5)
    assert_within(result.activations[0], [[0.6899744811, 0.6224593312, 0.4750208125]], HALF_A_DIGIT)
    assert_within(result.activations[1], [[0.4760175400, 0.6836239111]], HALF_A_DIGIT)
    assert_within(result.outputs, [[0.6718458612]], HALF_A_DIGIT)
    assert_within(result.deltas[2], [[-0.3281541388]], HALF_A_DIGIT)
    assert_within(result.deltas[1], [[-0.0409248970, -0.0496817430]], HALF_A_DIGIT)
    assert_within(result.deltas[0], [[0.0011888942, -0.0108522375, -0.0049557745]], HALF_A_DIGIT)
    assert_within(network.weights[2], [[0.5781035629, 0.8121670079]], HALF_A_DIGIT)
    hidden = [[-0.4858814327, 0.4127370420, 0], [0.3171395674, 0.6154624323, 0.4117999310]]
    assert_within(network.weights[1], hidden, HALF_A_DIGIT)
    assert_within(network.weights[0], [[0.4994055529, 0], [-0.1945738812, 0], [0, 0]], HALF_A_DIGIT)
    assert_within(network.biases[0], [0.2994055529, 0.7054261188, -0.0975221127], HALF_A_DIGIT)
    assert_within(network.forward(x).outputs, [[0.6980763066]], HALF_A_DIGIT)


def test_dense_example_learns_another_output():
    """The twin: without masks the missing edges learn, and the output prints as 0.6982."""
    network = example_network(dense=True)
    network.step([[1.0, 0.0]], [[1.0]], 0.5)
    output = network.forward([[1.0, 0.0]]).outputs[0, 0]
    assert f"{output:.4f}" == "0.6982"
    assert network.weights[1][0, 2] != 0


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_every_quantity_agrees_with_index_loops(output, loss, dtype, masked):
    """z, a, E, deltas, gradients, update agree with plain loops within the rounding model."""
    for hidden in ELEMENTWISE:
        network = random_network(hidden, output, loss, dtype=dtype, masked=masked, reduction="mean")
        x, y = random_data(network)
        expected = loops(network, x, y)
        before, rate = network.layers, 0.25
        result = network.step(x, y, rate)
        for name in ("net_inputs", "activations", "deltas", "weight_gradients"):
            terms = 0 if name in ("net_inputs", "activations") else expected.output_gradient
            for got, exact in zip(getattr(result, name), getattr(expected, name), strict=True):
                assert got.dtype == dtype
                assert_within(got, exact, bound(network, len(x), exact, terms))
        for got, exact in zip(result.bias_gradients[:-1], expected.bias_gradients[:-1], strict=True):
            assert_within(got, exact, bound(network, len(x), exact, expected.output_gradient))
        assert_within(result.loss, expected.loss, bound(network, len(x), np.array(expected.loss)))
        # E26 at the network's own gradients: one rounding of the product, one of the difference.
        for layer, weights, gradient in zip(before, network.weights, result.weight_gradients, strict=True):
            size = np.max(np.abs(layer.weights)) + np.max(np.abs(gradient))
            assert_within(weights, layer.weights - rate * gradient.astype(float), 3 * roundoff(dtype) * size)


def test_deltas_through_updated_weights_would_fail():
    """The twin: deltas taken after the output layer's update miss the bound by far."""
    network = random_network("tanh", "identity", "squared")
    x, y = random_data(network)
    result = network.step(x, y, 0.25).copy()
    wrong = (1 - result.activations[1] ** 2) * (result.deltas[2] @ network.weights[2])
    with pytest.raises(AssertionError, match="error"):
        assert_within(result.deltas[1], wrong, bound(network, len(x), wrong))


@pytest.mark.parametrize("hidden", ELEMENTWISE)
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_gradient_is_that_of_the_own_loss(hidden, output, loss):
    """Central differences with h = u^(1/3) of the network's own loss, along a random direction.

    The truncation is h^2/6 times a third derivative and the rounding u E/h, both u^(2/3) times E
    and derivatives that stay below 100 here.
    """
    network = random_network(hidden, output, loss, output_reduction="mean", loss_factor=0.5)
    x, y = random_data(network)
    rng = np.random.default_rng(5)
    gradients = network.backward(x, y).copy()
    directions = [rng.normal(size=weights.shape) for weights in network.weights]
    h = roundoff("float64") ** (1 / 3)

    def loss_at(distance):
        layers = [
            Layer(
                layer.weights + distance * direction,
                layer.biases,
                activation=layer.activation,
                slope=layer.slope,
                alpha=layer.alpha,
                approximate=layer.approximate,
            )
            for layer, direction in zip(network.layers, directions, strict=True)
        ]
        return Network(layers, loss=loss, output_reduction="mean", loss_factor=0.5).backward(x, y).loss

    slope = (loss_at(h) - loss_at(-h)) / (2 * h)
    exact = sum(np.sum(g * d) for g, d in zip(gradients.weight_gradients, directions, strict=True))
    tolerance = 100 * roundoff("float64") ** (2 / 3) * max(1, float(gradients.loss))
    assert_within(slope, exact, tolerance)
    with pytest.raises(AssertionError, match="error"):
        assert_within(slope, exact * 1.001 + 0.001, tolerance)


def test_masked_edges_stay_exactly_zero():
    """A missing edge has weight 0 and gradient 0 after ten steps, while the others learn."""
    network = random_network("tanh", "sigmoid", "log", masked=True)
    x, y = random_data(network)
    masks = [layer.mask for layer in network.layers]
    before = network.layers
    for _ in range(10):
        result = network.step(x, y, 0.5)
    for mask, weights, gradient, layer in zip(masks, network.weights, result.weight_gradients, before, strict=True):
        assert not mask.all()
        assert not weights[~mask].any()
        assert not gradient[~mask].any()
        assert (weights != layer.weights)[mask].any()


def test_a_layer_without_biases_has_none():
    """Biases that do not exist have no gradient and are not learned."""
    network = random_network("tanh", "identity", "squared")
    x, y = random_data(network)
    result = network.step(x, y, 0.5)
    assert result.bias_gradients[-1] is None
    assert network.biases[-1] is None
    assert result.bias_gradients[0] is not None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_everything_has_the_networks_dtype(output, loss, dtype):
    """Every array that a step shows, and the loss, has the dtype of the weights.

    Nothing is upcast on the way.
    """
    network = random_network("gelu", output, loss, dtype=dtype)
    result = network.step(*random_data(network), 0.1)
    arrays = (
        *result.net_inputs,
        *result.activations,
        *result.deltas,
        *result.weight_gradients,
        *network.weights,
    )
    assert {array.dtype.name for array in arrays} == {dtype}
    assert type(result.loss) is np.dtype(dtype).type


def test_float32_is_computed_in_float32():
    """The twin of the upcast: a float32 result differs from the float64 one rounded."""
    narrow = random_network("tanh", "identity", "squared", dtype="float32", widths=(4, 5, 3))
    hidden, output = narrow.layers
    exact = Network(
        [
            Layer(hidden.weights.astype(float), hidden.biases.astype(float), activation="tanh"),
            Layer(output.weights.astype(float), activation="identity"),
        ],
        loss="squared",
    )
    x, _ = random_data(narrow, n=50)
    assert (narrow.forward(x).outputs != exact.forward(x.astype(float)).outputs.astype("float32")).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_a_step_allocates_nothing(output, loss, dtype):
    """After the first step the traced peak of a step is under 4 KiB; one buffer has more."""
    for hidden in ELEMENTWISE:
        network = random_network(
            hidden, output, loss, dtype=dtype, widths=(20, 30, 25, 8), masked=True, reduction="mean"
        )
        x, y = random_data(network, n=64)
        network.step(x, y, SMALL_RATE)
        assert traced_peak(lambda net=network, x=x, y=y: net.step(x, y, SMALL_RATE)) < PEAK
        assert traced_peak(lambda net=network, x=x, y=y: net.step(x, y, SMALL_RATE).copy()) > PEAK


def traced_peak(call):
    """Return the largest amount of memory, in bytes, that a call had allocated at one time."""
    tracemalloc.start()
    try:
        call()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_buffers_are_reused_per_batch_size():
    """One batch size shares its arrays, another has its own, a copy is the caller's."""
    network = random_network("tanh", "identity", "squared")
    x, y = random_data(network, n=6)
    first = network.backward(x, y)
    kept = first.copy()
    partial = network.backward(x[:2], y[:2])
    assert not np.shares_memory(first.deltas[0], partial.deltas[0])
    second = network.backward(2 * x, y)
    assert all(np.shares_memory(a, b) for a, b in zip(first.deltas, second.deltas, strict=True))
    assert not np.array_equal(kept.deltas[0], first.deltas[0])
    assert not any(np.shares_memory(a, b) for a, b in zip(kept.deltas, second.deltas, strict=True))
    assert kept.bias_gradients[-1] is None
    forward = network.forward(x).copy()
    assert not np.shares_memory(forward.outputs, second.outputs)


def test_buffers_of_many_batch_sizes_are_let_go():
    """Old batch sizes lose their buffers, and come back right."""
    network = random_network("tanh", "identity", "squared")
    x, y = random_data(network, n=12)
    first = network.backward(x[:1], y[:1]).copy()
    for size in range(2, 12):
        network.backward(x[:size], y[:size])
    assert len(network._workspaces) == 4  # the number kept shows nowhere else
    assert np.array_equal(network.backward(x[:1], y[:1]).deltas[0], first.deltas[0])


def test_nothing_accumulates_between_calls():
    """The same call twice gives the same bits; a step between the two changes them."""
    network = random_network("gelu", "softmax", "cross_entropy")
    x, y = random_data(network)
    first, again = network.backward(x, y).copy(), network.backward(x, y).copy()
    assert all(np.array_equal(a, b) for a, b in zip(first.weight_gradients, again.weight_gradients, strict=True))
    network.step(x, y, 0.1)
    assert not np.array_equal(network.backward(x, y).weight_gradients[0], first.weight_gradients[0])


def test_inputs_are_neither_changed_nor_kept():
    """x, y and the layers' arrays are unchanged by a step, and changing them does nothing."""
    weights, biases = np.array([[0.5, 0.25]]), np.array([0.125])
    network = Network([Layer(weights, biases)])
    x, y = np.array([[1.0, 2.0]]), np.array([[1.0]])
    copies = [array.copy() for array in (x, y, weights, biases)]
    network.step(x, y, 0.5)
    assert all(np.array_equal(a, b) for a, b in zip(copies, (x, y, weights, biases), strict=True))
    output = network.forward(x).outputs.copy()
    weights[...] = 7
    assert np.array_equal(network.forward(x).outputs, output)
    assert not np.array_equal(network.forward(x + 1).outputs, output)


def test_parameters_are_shown_read_only():
    """The current weights cannot be written through their views, which follow the steps.

    Layers are snapshots.
    """
    network = example_network()
    views, snapshot = network.weights, network.layers
    with pytest.raises(ValueError, match="read-only"):
        views[0][0, 0] = 1
    network.step([[1.0, 0.0]], [[1.0]], 0.5)
    assert views[2][0, 0] != snapshot[2].weights[0, 0] == 0.5  # the example's weight


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))],  # noqa: S301  # own bytes
)  # own bytes
def test_a_copied_network_learns_on_its_own(duplicate):
    """A deep copy or a pickled copy starts from the current parameters and shares nothing."""
    network = example_network()
    network.step([[1.0, 0.0]], [[1.0]], 0.5)
    twin = duplicate(network)
    for weights, others in zip(network.weights, twin.weights, strict=True):
        assert np.array_equal(weights, others)
        assert not np.shares_memory(weights, others)
    twin.step([[1.0, 0.0]], [[1.0]], 0.5)
    assert not np.array_equal(network.weights[2], twin.weights[2])


def test_memory_order_is_irrelevant():
    """Samples in Fortran order or with gaps give the same result, and other samples another."""
    network = random_network("tanh", "identity", "squared")
    x, y = random_data(network)
    gapped = np.repeat(x, 2, axis=0)[::2]
    expected = network.backward(x, y).copy()
    for variant in (np.asfortranarray(x), gapped):
        result = network.backward(variant, y)
        assert_within(
            result.weight_gradients[0],
            expected.weight_gradients[0],
            bound(network, len(x), expected.weight_gradients[0]),
        )
    assert not np.array_equal(network.backward(x[::-1], y).deltas[0], expected.deltas[0])


def test_global_state_is_left_alone():
    """NumPy's error settings and its global random state are the same after a step."""
    errors, state = np.geterr(), np.random.get_state()  # the global state is what must not change  # noqa: NPY002  # must not change
    network = random_network("gelu", "softmax", "cross_entropy")
    network.step(*random_data(network), 0.1)
    assert np.geterr() == errors
    assert np.array_equal(np.random.get_state()[1], state[1])  # likewise  # noqa: NPY002  # must not change


def test_unchecked_calls_give_the_same():
    """check=False gives the same bits on good input, and lets NaN through."""
    network = random_network("tanh", "sigmoid", "log")
    x, y = random_data(network)
    expected = network.backward(x, y).copy()
    assert np.array_equal(network.backward(x, y, check=False).deltas[0], expected.deltas[0])
    assert np.array_equal(network.forward(x, check=False).outputs, expected.outputs)
    x[0, 0] = np.nan
    assert np.isnan(network.backward(x, y, check=False).loss)
    with pytest.raises(ValueError, match="finite"):
        network.backward(x, y)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_in", [255, 256, 300])
def test_the_gradient_of_a_single_sample_is_the_outer_product_to_the_bit(n_in, dtype, masked):
    """On both sides of the size from which BLAS does not make it (256 x 256)."""
    rng = np.random.default_rng(n_in)
    edges = rng.random((256, n_in)) < (0.5 if masked else 1)
    weights = (edges * rng.normal(size=(256, n_in))).astype(dtype)
    layer = Layer(weights, np.zeros(256, dtype), activation="tanh", mask=edges if masked else None)
    network = Network([layer], loss="squared")
    x, y = rng.normal(size=(1, n_in)).astype(dtype), np.zeros((1, 256), dtype)
    result = network.backward(x, y)
    expected = np.outer(result.deltas[0], x) * edges
    assert result.weight_gradients[0].dtype == np.dtype(dtype)
    assert np.array_equal(result.weight_gradients[0], expected)
    assert not np.array_equal(result.weight_gradients[0], np.roll(expected, 1, axis=0))  # the twin: sees one row off
