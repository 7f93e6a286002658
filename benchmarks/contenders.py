"""One training step of the same network and batch in NumPy, torch eager and scikit-learn.

The network: sigmoid hidden layers; one sigmoid output with log loss, or several softmax outputs
with cross-entropy; the mean over the batch; plain gradient descent. `gemm_floor` is the matrix
products of the step and nothing else.
"""

import single_thread  # isort: skip  # sets the thread counts that the libraries read when they are imported

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import threadpoolctl
import torch
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from backproof_numpy import Layer, Network

torch.set_num_threads(single_thread.THREADS)
threadpoolctl.threadpool_limits(single_thread.THREADS)

LEARNING_RATE = 0.01
SIZES = (
    (2, 3, 2, 1),
    (10, 20, 10, 3),
    (64, 64, 10),
    (256, 256, 10),
    (784, 128, 10),
    (512, 512, 512),
    (1024, 1024, 1024, 1024),
    (4096, 4096, 4096),
)
BATCHES = (1, 32, 256, 1024)
DTYPES = ("float64", "float32")

Step = Callable[[], object]


@dataclass(frozen=True, eq=False)
class Problem:
    """Parameters, samples and labels (one-hot, or 0 and 1 for a single output) of one benchmark."""

    weights: list[NDArray[Any]]
    biases: list[NDArray[Any]]
    x: NDArray[Any]
    y: NDArray[Any]


def problem(widths: tuple[int, ...], batch: int, dtype: str) -> Problem:
    """Draw a problem from a fixed seed."""
    rng = np.random.default_rng(0)
    pairs = list(itertools.pairwise(widths))
    classes = rng.integers(0, max(2, widths[-1]), batch)
    labels = classes[:, None] if widths[-1] == 1 else np.eye(widths[-1])[classes]
    return Problem(
        weights=[(rng.normal(size=(n_out, n_in)) / np.sqrt(n_in)).astype(dtype) for n_in, n_out in pairs],
        biases=[rng.normal(size=n_out).astype(dtype) for _, n_out in pairs],
        x=rng.normal(size=(batch, widths[0])).astype(dtype),
        y=labels.astype(dtype),
    )


def numpy_step(given: Problem, *, check: bool = True) -> Step:
    """Return the step of backproof_numpy; `check` is its default, with every input validated."""
    single = given.y.shape[1] == 1
    last = len(given.weights) - 1
    layers = [
        Layer(weights, biases, activation="softmax" if index == last and not single else "sigmoid")
        for index, (weights, biases) in enumerate(zip(given.weights, given.biases, strict=True))
    ]
    network = Network(layers, loss="log" if single else "cross_entropy", reduction="mean")
    return functools.partial(network.step, given.x, given.y, LEARNING_RATE, check=check)


def torch_step(given: Problem, *, compiled: bool = False) -> Step:
    """Return the step of torch: functional forward, fused loss, backward, SGD, zero_grad.

    compiled: forward and loss (and so their backward) by torch.compile; a first call compiles.
    """
    parameters = [
        (torch.tensor(weights, requires_grad=True), torch.tensor(biases, requires_grad=True))
        for weights, biases in zip(given.weights, given.biases, strict=True)
    ]
    optimizer = torch.optim.SGD([tensor for pair in parameters for tensor in pair], lr=LEARNING_RATE)
    x, y = torch.tensor(given.x), torch.tensor(given.y)
    functional = torch.nn.functional
    loss = functional.binary_cross_entropy_with_logits if y.shape[1] == 1 else functional.cross_entropy

    def error() -> Any:
        a = x
        for weights, biases in parameters[:-1]:
            a = torch.sigmoid(functional.linear(a, weights, biases))
        return loss(functional.linear(a, *parameters[-1]), y)

    if compiled:
        torch._dynamo.reset()  # noqa: SLF001 - else the limit of recompilations leaves later networks uncompiled
    evaluate = torch.compile(error) if compiled else error

    def step() -> None:
        evaluate().backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def sklearn_step(given: Problem) -> Step:
    """Return one `partial_fit` of scikit-learn's classifier on the batch."""
    batch, k = given.y.shape
    labels = given.y[:, 0].astype(int) if k == 1 else given.y.argmax(axis=1)
    model = MLPClassifier(
        hidden_layer_sizes=[len(biases) for biases in given.biases[:-1]],
        activation="logistic",
        solver="sgd",
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=LEARNING_RATE,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=0,
    )
    model.partial_fit(given.x, labels, classes=np.arange(max(2, k)))
    return functools.partial(model.partial_fit, given.x, labels)


def gemm_floor(given: Problem) -> Step:
    """Return the step's matrix products alone, into buffers.

    Forward, deltas (none for the inputs), gradients.
    """
    batch = len(given.x)
    activations = [
        given.x,
        *(np.zeros((batch, len(biases)), given.x.dtype) for biases in given.biases),
    ]
    gradients = [np.zeros_like(weights) for weights in given.weights]
    layers = list(zip(given.weights, gradients, activations[:-1], activations[1:], strict=True))

    def step() -> None:
        for weights, _, source, target in layers:
            np.dot(source, weights.T, target)
        for weights, _, source, target in reversed(layers[1:]):
            np.dot(target, weights, source)
        for _, gradient, source, target in layers:
            np.dot(target.T, source, gradient)

    return step


CONTENDERS: dict[str, Callable[[Problem], Step]] = {
    "numpy": numpy_step,
    "unchecked": functools.partial(numpy_step, check=False),
    "torch": torch_step,
    "sklearn": sklearn_step,
    "gemm": gemm_floor,
}
