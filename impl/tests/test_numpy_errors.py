"""The texts of all errors: what, expected, got, what to do (`errors`, `validation`, `layer`)."""

import pickle

import numpy as np
import pytest
from numpy_networks import refuses

from backproof_numpy import (
    ChoiceError,
    CombinationError,
    DomainError,
    DtypeError,
    Layer,
    Network,
    NetworkError,
    ShapeError,
    fit,
)

W = np.array([[0.5, -0.5], [0.25, 1.0]])
X = np.array([[1.0, 0.0], [0.0, 1.0]])
NAN = np.array([[1.0, 0.0], [0.0, np.nan]])


def network(activation="sigmoid", loss="log"):
    return Network([Layer(W, activation=activation)], loss=loss)


def fitting(**options):
    return fit(network(), X, X, **{"learning_rate": 0.5, "epochs": 1, **options})


ACTIVATION_NAMES = "'identity', 'sigmoid', 'tanh', 'relu', 'leaky_relu', 'elu', 'softplus', 'gelu', 'softmax'"

CASES = {
    "integer weights": (
        lambda: Layer([[1, 2]]),
        DtypeError,
        ("weights: expected float32 or float64, got int64; convert with weights.astype(numpy.float64)."),
    ),
    "ragged weights": (
        lambda: Layer([[1.0, 2.0], [3.0]]),
        DtypeError,
        ("weights: expected an array of numbers, got a list NumPy cannot convert; make it rectangular."),
    ),
    "flat weights": (
        lambda: Layer([1.0, 2.0]),
        ShapeError,
        ("weights: expected a non-empty array of shape (n_out, n_in), got shape (2,); give one row per neuron."),
    ),
    "no weights": (
        lambda: Layer(np.zeros((0, 2))),
        ShapeError,
        ("weights: expected a non-empty array of shape (n_out, n_in), got shape (0, 2); give one row per neuron."),
    ),
    "infinite weight": (
        lambda: Layer([[1.0, np.inf]]),
        DomainError,
        "weights: expected finite numbers, got inf at index [0, 1]; remove NaN and infinity.",
    ),
    "biases of another dtype": (
        lambda: Layer(W, np.zeros(2, "float32")),
        DtypeError,
        ("biases: expected float64, the dtype of the weights, got float32; convert with biases.astype(numpy.float64)."),
    ),
    "too many biases": (
        lambda: Layer(W, np.zeros(3)),
        ShapeError,
        ("biases: expected shape (2,), one per row of the weights, got shape (3,); give one bias per neuron, or None."),
    ),
    "a mask of numbers": (
        lambda: Layer(W, mask=np.ones((2, 2))),
        DtypeError,
        ("mask: expected booleans, True where the edge exists, got float64; convert with mask.astype(bool)."),
    ),
    "a mask of another shape": (
        lambda: Layer(W, mask=[[True, True]]),
        ShapeError,
        ("mask: expected the shape of the weights, (2, 2), got shape (1, 2); give one entry per weight."),
    ),
    "a weight where there is no edge": (
        lambda: Layer(W, mask=[[True, True], [True, False]]),
        DomainError,
        (
            "weights: expected 0 where the mask is False, got 1.0 at index [1, 1]; "
            "set the weight to 0, or the mask to True."
        ),
    ),
    "an unknown activation": (
        lambda: Layer(W, activation="sigmiod"),
        ChoiceError,
        f"activation: expected one of {ACTIVATION_NAMES}, got 'sigmiod'; check the spelling.",
    ),
    "an unknown GELU": (
        lambda: Layer(W, approximate="erf"),
        ChoiceError,
        "approximate: expected one of 'none', 'tanh', got 'erf'; check the spelling.",
    ),
    "alpha zero": (
        lambda: Layer(W, activation="elu", alpha=0),
        DomainError,
        "alpha: expected a finite number above 0, got 0; choose another value.",
    ),
    "slope not a number": (
        lambda: Layer(W, slope=float("nan")),
        DomainError,
        "slope: expected a finite number, got nan; choose another value.",
    ),
    "no layers": (
        lambda: Network([]),
        ShapeError,
        "layers: expected at least one layer, got none; give the output layer at least.",
    ),
    "an array for a layer": (
        lambda: Network([W]),
        DtypeError,
        "layers[0]: expected a Layer, got ndarray; wrap the arrays in Layer(weights, biases).",
    ),
    "layers of two dtypes": (
        lambda: Network([Layer(W), Layer(W.astype("float32"))]),
        DtypeError,
        ("layers[1]: expected float64, the dtype of the first layer, got float32; convert all layers to one dtype."),
    ),
    "layers that do not fit": (
        lambda: Network([Layer(W), Layer(np.ones((1, 3)))]),
        ShapeError,
        (
            "layers[1]: expected weights of shape (n_out, 2) after such a layer, got shape (1, 3); "
            "let rows be the receiving neurons."
        ),
    ),
    "a hidden softmax": (
        lambda: Network([Layer(W, activation="softmax"), Layer(W)]),
        CombinationError,
        (
            "layers[0]: expected an element-wise activation in a hidden layer, got 'softmax'; "
            "use softmax in the output layer only."
        ),
    ),
    "an unknown loss": (
        lambda: network(loss="hinge"),
        ChoiceError,
        "loss: expected one of 'squared', 'log', 'cross_entropy', got 'hinge'; check the spelling.",
    ),
    "a loss factor of 2": (
        lambda: Network([Layer(W)], loss_factor=2),
        ChoiceError,
        "loss_factor: expected one of 1.0, 0.5, got 2.0; check the spelling.",
    ),
    "an unknown reduction": (
        lambda: Network([Layer(W)], reduction="average"),
        ChoiceError,
        "reduction: expected one of 'sum', 'mean', got 'average'; check the spelling.",
    ),
    "an unknown output reduction": (
        lambda: Network([Layer(W)], output_reduction=None),
        ChoiceError,
        "output_reduction: expected one of 'sum', 'mean', got None; check the spelling.",
    ),
    "softmax with log loss": (
        lambda: network("softmax", "log"),
        CombinationError,
        (
            "loss: expected 'sigmoid' outputs with the loss 'log', got 'softmax'; "
            "make the output layer 'sigmoid', or use the squared loss."
        ),
    ),
    "sigmoid with cross-entropy": (
        lambda: network("sigmoid", "cross_entropy"),
        CombinationError,
        (
            "loss: expected 'softmax' outputs with the loss 'cross_entropy', got 'sigmoid'; "
            "make the output layer 'softmax', or use the squared loss."
        ),
    ),
    "samples of another dtype": (
        lambda: network().forward(X.astype("float32")),
        DtypeError,
        ("x: expected float64, the dtype of the weights, got float32; convert with x.astype(numpy.float64)."),
    ),
    "integer labels": (
        lambda: network().backward(X, X.astype("int64")),
        DtypeError,
        ("y: expected float64, the dtype of the weights, got int64; convert with y.astype(numpy.float64)."),
    ),
    "a flat sample": (
        lambda: network().forward(X[0]),
        ShapeError,
        "x: expected shape (batch, 2) with batch >= 1, got shape (2,); give one row per sample.",
    ),
    "an empty batch": (
        lambda: network().step(X[:0], X[:0], 0.5),
        ShapeError,
        "x: expected shape (batch, 2) with batch >= 1, got shape (0, 2); give one row per sample.",
    ),
    "too many outputs": (
        lambda: network().backward(X, np.ones((2, 3))),
        ShapeError,
        "y: expected shape (batch, 2) with batch >= 1, got shape (2, 3); give one row per sample.",
    ),
    "too few labels": (
        lambda: network().backward(X, X[:1]),
        ShapeError,
        "y: expected as many rows as x, 2, got 1 rows; give one row of labels per sample.",
    ),
    "NaN among the samples of a forward pass": (
        lambda: network().forward(NAN),
        DomainError,
        "x: expected finite numbers, got nan at index [1, 1]; remove NaN and infinity.",
    ),
    "NaN among the samples of a step": (
        lambda: network().step(NAN, X, 0.5),
        DomainError,
        "x: expected finite numbers, got nan at index [1, 1]; remove NaN and infinity.",
    ),
    "NaN among the labels": (
        lambda: network("identity", "squared").step(X, NAN, 0.5),
        DomainError,
        "y: expected finite numbers, got nan at index [1, 1]; remove NaN and infinity.",
    ),
    "NaN among the labels of the log loss": (
        lambda: network().step(X, NAN, 0.5),
        DomainError,
        "y: expected finite numbers, got nan at index [1, 1]; remove NaN and infinity.",
    ),
    "NaN among the labels of the cross-entropy": (
        lambda: network("softmax", "cross_entropy").step(X, NAN, 0.5),
        DomainError,
        "y: expected finite numbers, got nan at index [1, 1]; remove NaN and infinity.",
    ),
    "a label above 1": (
        lambda: network().step(X, 2 * X, 0.5),
        DomainError,
        ("y: expected labels between 0 and 1, got 2.0 at index [0, 0]; scale the labels, or use the squared loss."),
    ),
    "a label below 0": (
        lambda: network("softmax", "cross_entropy").step(X, [[1.0, 0.0], [1.5, -0.5]], 0.5),
        DomainError,
        ("y: expected labels between 0 and 1, got 1.5 at index [1, 0]; scale the labels, or use the squared loss."),
    ),
    "labels that do not sum to 1": (
        lambda: network("softmax", "cross_entropy").step(X, [[1.0, 0.0], [0.5, 0.25]], 0.5),
        DomainError,
        (
            "y: expected labels that sum to 1 in each row, got the sum 0.75 in row 1; "
            "give one-hot rows or probabilities, or normalise each row."
        ),
    ),
    "a learning rate of 0": (
        lambda: network().step(X, X, 0),
        DomainError,
        "learning_rate: expected a finite number above 0, got 0; choose another value.",
    ),
    "a learning rate of NaN": (
        lambda: network().step(X, X, float("nan")),
        DomainError,
        "learning_rate: expected a finite number above 0, got nan; choose another value.",
    ),
    "a learning rate in words": (
        lambda: network().step(X, X, "fast"),
        DomainError,
        "learning_rate: expected a finite number above 0, got 'fast'; choose another value.",
    ),
    "no epochs": (
        lambda: fitting(epochs=0),
        DomainError,
        "epochs: expected a whole number of at least 1, got 0; choose another value.",
    ),
    "an unknown mode": (
        lambda: fitting(mode="minibatch"),
        ChoiceError,
        ("mode: expected one of 'batch', 'stochastic', 'mini-batch', got 'minibatch'; check the spelling."),
    ),
    "mini-batches of no size": (
        lambda: fitting(mode="mini-batch"),
        CombinationError,
        "batch_size: expected a batch size with mode='mini-batch', got none; give it a number.",
    ),
    "mini-batches of size 0": (
        lambda: fitting(mode="mini-batch", batch_size=0),
        DomainError,
        "batch_size: expected a whole number of at least 1, got 0; choose another value.",
    ),
    "a batch size for stochastic descent": (
        lambda: fitting(mode="stochastic", batch_size=2),
        CombinationError,
        ("batch_size: expected none with mode='stochastic', got 2; leave it out, or use mode='mini-batch'."),
    ),
    "an order and a seed": (
        lambda: fitting(order=[0], seed=1),
        CombinationError,
        "order: expected an order or a seed, not both, got both, seed=1; leave one of them out.",
    ),
    "a negative seed": (
        lambda: fitting(seed=-1),
        DomainError,
        "seed: expected a whole number of at least 0, got -1; choose another value.",
    ),
    "an index out of range": (
        lambda: fitting(order=[0, 2]),
        DomainError,
        (
            "order: expected indices from 0 to 1, got 2 at index [1]; "
            "indices count from 0, and negative ones are not allowed."
        ),
    ),
    "a negative index": (
        lambda: fitting(order=[-1]),
        DomainError,
        (
            "order: expected indices from 0 to 1, got -1 at index [0]; "
            "indices count from 0, and negative ones are not allowed."
        ),
    ),
    "an empty order": (
        lambda: fitting(order=[]),
        ShapeError,
        ("order: expected a non-empty sequence of sample indices, got shape (0,); list at least one sample."),
    ),
    "an order of booleans": (
        lambda: fitting(order=[True, False]),
        DtypeError,
        "order: expected whole numbers, got bool; give the indices of the samples.",
    ),
    "bad samples far down a data set": (
        lambda: fit(
            network(),
            np.vstack([np.zeros((1 << 16, 2)), NAN]),
            np.zeros(((1 << 16) + 2, 2)),
            learning_rate=0.5,
            epochs=1,
        ),
        DomainError,
        ("x: expected finite numbers, got nan at index [1, 1] counted from row 65536; remove NaN and infinity."),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_this_text(name):
    """Each bad input raises exactly this class with exactly this text."""
    act, error, text = CASES[name]
    with refuses(error, text) as caught:
        act()
    assert type(caught.value) is error
    assert isinstance(caught.value, NetworkError)


def test_good_input_is_not_refused():
    """The twin: good values raise nothing, labels of thirds and huge samples included."""
    fitting(order=[0, 1, 1], mode="mini-batch", batch_size=5)
    fitting(seed=0, mode="stochastic")
    Layer(W, np.zeros(2), mask=[[True, True], [True, True]], activation="elu", alpha=2)
    network("softmax", "cross_entropy").step(X, np.full((2, 2), 0.5), 0.5)
    thirds = np.full((1, 3), 1 / 3, "float32")
    Network([Layer(np.eye(3, dtype="float32"), activation="softmax")], loss="cross_entropy").backward(thirds, thirds)
    huge = np.full((2, 2), 2.0**1000)
    assert np.isfinite(Network([Layer(W / 4, activation="tanh")], loss="squared").backward(huge, X).outputs).all()


def test_errors_carry_their_parts_and_can_be_pickled():
    """The parts are attributes, and an error survives the way between processes."""
    error = pickle.loads(  # noqa: S301  # own bytes
        pickle.dumps(ShapeError("x", "two axes", "one", "reshape it"))
    )  # own bytes
    assert (error.argument, error.expected, error.got, error.hint) == (
        "x",
        "two axes",
        "one",
        "reshape it",
    )
    assert str(error) == "x: expected two axes, got one; reshape it."
    assert type(error) is ShapeError


def test_a_refused_step_changes_nothing():
    """After an error the weights are the old ones, bit for bit."""
    net = network()
    for x, y, rate in ((NAN, X, 0.5), (X, 2 * X, 0.5), (X, X, -1.0)):
        with pytest.raises(NetworkError):
            net.step(x, y, rate)
    assert np.array_equal(net.weights[0], W)
    net.step(X, X, 0.5)
    assert not np.array_equal(net.weights[0], W)
