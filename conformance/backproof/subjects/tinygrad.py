"""tinygrad as a subject: networks as its users write them, its autograd and its `nn.optim.SGD`.

It runs on its own PYTHON device, which needs no compiler. Its losses take net inputs, as its users write them.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from tinygrad import Context, Tensor
from tinygrad.nn.optim import SGD

from backproof.balls import Array
from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject

DEVICE = "PYTHON"
ACTIVATIONS: dict[str, Any] = {
    "identity": lambda z: z,
    "sigmoid": Tensor.sigmoid,
    "tanh": Tensor.tanh,
    "relu": Tensor.relu,
    "leaky_relu": lambda z, slope: z.leaky_relu(neg_slope=slope),
    "elu": Tensor.elu,
    "softplus": Tensor.softplus,
    "gelu": Tensor.gelu,
    "softmax": lambda z: z.softmax(axis=1),
}


def make_subject(device: str = "cpu") -> Subject:
    """Return tinygrad as a subject (it runs on the CPU, whatever the device)."""
    del device
    return Subject(
        name="tinygrad",
        run=_run,
        version=version("tinygrad"),
        conventions=Conventions(kink="left"),
        activations=tuple(ACTIVATIONS),
        skips=("masked",),
    )


def _tensor(values: Array) -> Tensor:
    return Tensor(values)


def _kept(values: Tensor) -> Tensor:
    """Return values that are stored, and whose gradient is: what is only recomputed is rounded in another way."""
    return values.contiguous().contiguous_backward()


def _error(case: Case, z: Tensor, output: Tensor, y: Tensor) -> Tensor:
    if case.loss == "squared":
        return (y - output).square().sum()
    if case.loss == "log":
        return z.binary_crossentropy_logits(y, reduction="sum")
    return z.cross_entropy(y, reduction="sum")


def _run(case: Case) -> list[dict[str, Any]]:
    with Context(DEV=DEVICE, TRAINING=1):  # its constants and its optimizer follow these
        return _train(case)


def _train(case: Case) -> list[dict[str, Any]]:
    layers = [(_tensor(la.weights), None if la.biases is None else _tensor(la.biases)) for la in case.layers]
    parameters = [tensor for pair in layers for tensor in pair if tensor is not None]
    optimizer, records = SGD(parameters, lr=case.learning_rate), []
    for batch in case.batches:
        y, activations, net_inputs = _tensor(case.y[batch]), [_tensor(case.x[batch])], []
        for (weights, biases), layer in zip(layers, case.layers, strict=True):
            net_inputs.append(_kept(activations[-1].linear(weights.transpose(), biases)))
            rule = layer.activation
            activations.append(_kept(ACTIVATIONS[rule.name](net_inputs[-1], **dict(rule.parameters))))
        error = _error(case, net_inputs[-1], activations[-1], y)
        optimizer.zero_grad()
        error.backward()
        shown = [*net_inputs, *activations[1:]]
        Tensor.realize(error, *shown, *(tensor.grad for tensor in [*net_inputs, *parameters]))
        record = {
            "net_inputs": [z.numpy() for z in net_inputs],
            "activations": [a.numpy() for a in activations[1:]],
            "loss": error.numpy(),
            "deltas": [z.grad.numpy() for z in net_inputs],
            "weight_gradients": [weights.grad.numpy() for weights, _ in layers],
            "bias_gradients": [None if biases is None else biases.grad.numpy() for _, biases in layers],
        }
        optimizer.step()
        record["weights"] = [weights.numpy() for weights, _ in layers]
        record["biases"] = [None if biases is None else biases.numpy() for _, biases in layers]
        records.append(record)
    return records
