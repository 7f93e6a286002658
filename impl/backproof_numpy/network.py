"""The network: parameters that learn step by step (A1 `backpropagation-algorithm`)."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

from numpy.typing import ArrayLike

from backproof_numpy.arrays import DType, FloatArray
from backproof_numpy.buffers import Workspace
from backproof_numpy.errors import CombinationError, DtypeError, ShapeError
from backproof_numpy.layer import Layer
from backproof_numpy.losses import LOSSES
from backproof_numpy.parameters import Parameters
from backproof_numpy.results import Backward, Forward
from backproof_numpy.validation import (
    as_batch,
    as_real,
    check_choice,
    check_finite,
    check_labels,
    check_same_length,
)

# So many batch sizes keep their buffers; a training run needs two, the full batch and the last
# partial one.
KEPT_BATCH_SIZES = 4


class Network:
    """A multilayer perceptron with one loss, trained by gradient descent.

    Formula: z^l = W^l a^(l-1) + b^l, a^l = f(z^l); E = loss_factor * sum of J, divided by the
    number of samples of the actual batch under reduction="mean" and by the number of outputs under
    output_reduction="mean"; delta^l = dE/dz^l.

    Arguments:
        layers: one or more `Layer`, each reading as many neurons as the one before has; all of one
            dtype, which is the dtype of every buffer and every result. Their arrays are copied.
        loss: "squared" with any output activation; "log" with sigmoid outputs; "cross_entropy" with
        softmax outputs. loss_factor: 1 or 0.5. reduction: "sum" or "mean" over the samples of a
        batch. output_reduction: "sum" or "mean" over the outputs.

    Raises: NetworkError, the base of all errors here, which say what to do.

    A network keeps buffers per batch size and is for one thread at a time.

    Source: A1 `backpropagation-algorithm`, E1 to E28.

    >>> net = Network([Layer([[0.5, 0.7]])], loss="log")
    >>> result = net.step([[0.4760175400, 0.6836239111]], [[1.0]], 0.5)
    >>> print(f"{result.outputs[0, 0]:.10f} {result.deltas[-1][0, 0]:.10f}")
    0.6718458612 -0.3281541388
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        loss: str = "log",
        loss_factor: float = 1.0,
        reduction: Literal["sum", "mean"] = "sum",
        output_reduction: Literal["sum", "mean"] = "sum",
    ) -> None:
        self._layers = tuple(layers)
        _check_chain(self._layers)
        self.n_in, self.n_out = self._layers[0].n_in, self._layers[-1].n_out
        self.dtype: DType = self._layers[0].weights.dtype
        self.loss, self.loss_factor = loss, as_real("loss_factor", loss_factor, positive=True)
        self.reduction, self.output_reduction = reduction, output_reduction
        check_choice("loss", loss, LOSSES)
        check_choice("loss_factor", self.loss_factor, (1.0, 0.5))
        check_choice("reduction", reduction, ("sum", "mean"))
        check_choice("output_reduction", output_reduction, ("sum", "mean"))
        _check_pairing(self._layers[-1].activation, loss)
        self._parameters = Parameters(self._layers)
        self._workspaces: dict[int, Workspace] = {}
        self._learning_rate = math.nan

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as the current layers.

        Buffers and closures must not be shared between two networks.
        """
        options = self.loss, self.loss_factor, self.reduction, self.output_reduction
        return _rebuild, (self.layers, *options)

    @property
    def weights(self) -> tuple[FloatArray, ...]:
        """The current weights per layer, (n_out, n_in).

        Read-only views that the next step changes.
        """
        return tuple(_read_only(weights) for weights in self._parameters.weights)

    @property
    def biases(self) -> tuple[FloatArray | None, ...]:
        """The current biases per layer, (n_out,) or None.

        Read-only views that the next step changes.
        """
        return tuple(None if biases is None else _read_only(biases) for biases in self._parameters.biases)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers with copies of the current parameters."""
        return tuple(
            replace(layer, weights=weights, biases=biases)
            for layer, weights, biases in zip(self._layers, self.weights, self.biases, strict=True)
        )

    def forward(self, x: ArrayLike, *, check: bool = True) -> Forward:
        """Compute the net inputs and activations of every layer.

        z^l = W^l a^(l-1) + b^l, a^l = f(z^l).

        Arguments: x, (batch, n_in), of the network's dtype; check=False promises that x is such an
            array and finite.

        Returns: `Forward`, views of buffers that the next pass with the same batch size overwrites.

        Raises: ShapeError, DtypeError, DomainError.

        Source: E1 `forward-propagation`.
        """
        if check:
            x = as_batch("x", x, self.n_in, self.dtype)
            check_finite("x", x)
        samples: FloatArray = x  # type: ignore[assignment]  # an array, as checked or as promised
        return self._workspace(len(samples)).forward(samples)

    def backward(self, x: ArrayLike, y: ArrayLike, *, check: bool = True) -> Backward:
        """Compute the loss, the deltas and the gradients of a batch, and update nothing.

        Formula: delta^L = f'(z^L) * dE/do, delta^l = f'(z^l) * (W^(l+1)^T delta^(l+1)), dE/dW^l =
        delta^l (a^(l-1))^T summed over the batch, dE/db^l = delta^l summed over the batch; 0 where
        there is no edge.

        Arguments: x, (batch, n_in), and y, (batch, k), of the network's dtype; check=False promises
        that they are such arrays, finite, with labels that the loss allows.

        Returns: `Backward`, views of buffers that the next pass overwrites.

        Raises: ShapeError, DtypeError, DomainError.

        Source: E22 `output-delta`, E17 `delta-rule`, E11 `weight-gradient`.
        """
        if check:
            x, y = self._checked(x, y)
        samples: FloatArray = x  # type: ignore[assignment]  # an array, as checked or as promised
        labels: FloatArray = y  # type: ignore[assignment]  # likewise
        return self._workspace(len(samples)).backward(samples, labels)

    def step(self, x: ArrayLike, y: ArrayLike, learning_rate: float, *, check: bool = True) -> Backward:
        """Do one step of gradient descent.

        All deltas first, then W <- W - alpha dE/dW and b <- b - alpha dE/db.

        Arguments: x, (batch, n_in), and y, (batch, k), of the network's dtype; learning_rate, alpha
        > 0; check=False as in `backward`.

        Returns: `Backward` as of before the update, views of buffers that the next pass overwrites.

        Raises: ShapeError, DtypeError, DomainError.

        Source: E26 `gradient-descent`, E28 `update-rule`.
        """
        if learning_rate != self._learning_rate:
            self._learning_rate = as_real("learning_rate", learning_rate, positive=True)
            self._parameters.set_rate(self._learning_rate)
        result = self.backward(x, y, check=check)
        self._parameters.descend()
        return result

    def _workspace(self, batch: int) -> Workspace:
        workspace = self._workspaces.get(batch)
        if workspace is None:
            while len(self._workspaces) >= KEPT_BATCH_SIZES:
                del self._workspaces[next(iter(self._workspaces))]
            divisor = (batch if self.reduction == "mean" else 1) * (
                self.n_out if self.output_reduction == "mean" else 1
            )
            workspace = self._workspaces[batch] = Workspace(
                self._layers,
                self._parameters,
                batch,
                loss=LOSSES[self.loss],
                divisor=divisor / self.loss_factor,
            )
        return workspace

    def _checked(self, x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        samples = as_batch("x", x, self.n_in, self.dtype)
        labels = as_batch("y", y, self.n_out, self.dtype)
        check_same_length(samples, labels)
        if not self._workspace(len(samples)).accepts(samples, labels):
            check_finite("x", samples)
            check_labels(LOSSES[self.loss].labels, labels)
        return samples, labels


def _check_chain(layers: tuple[Layer, ...]) -> None:
    if not layers:
        raise ShapeError("layers", "at least one layer", "none", "give the output layer at least")
    for index, layer in enumerate(layers):
        name = f"layers[{index}]"
        if not isinstance(layer, Layer):
            raise DtypeError(name, "a Layer", type(layer).__name__, "wrap the arrays in Layer(weights, biases)")
        if layer.weights.dtype != layers[0].weights.dtype:
            expected = f"{layers[0].weights.dtype}, the dtype of the first layer"
            raise DtypeError(name, expected, str(layer.weights.dtype), "convert all layers to one dtype")
        if index and layer.n_in != layers[index - 1].n_out:
            expected = f"weights of shape (n_out, {layers[index - 1].n_out}) after such a layer"
            raise ShapeError(name, expected, f"shape {layer.weights.shape}", "let rows be the receiving neurons")
        if layer.activation == "softmax" and layer is not layers[-1]:
            expected = "an element-wise activation in a hidden layer"
            raise CombinationError(name, expected, "'softmax'", "use softmax in the output layer only")


def _check_pairing(activation: str, loss: str) -> None:
    required = LOSSES[loss].outputs
    if required not in (None, activation):
        hint = f"make the output layer {required!r}, or use the squared loss"
        raise CombinationError("loss", f"{required!r} outputs with the loss {loss!r}", repr(activation), hint)


def _read_only(array: FloatArray) -> FloatArray:
    view = array.view()
    view.flags.writeable = False
    return view


def _rebuild(layers: tuple[Layer, ...], loss: str, loss_factor: float, *reductions: Literal["sum", "mean"]) -> Network:
    reduction, output_reduction = reductions
    return Network(
        layers,
        loss=loss,
        loss_factor=loss_factor,
        reduction=reduction,
        output_reduction=output_reduction,
    )
