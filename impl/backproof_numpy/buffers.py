"""The passes for one batch size.

Every buffer is made here once, and each equation becomes a closure over its buffers.

Symbols: W, b the parameters, z, a, delta (batch, n_l), `source` = a^(l-1), the activations that a
    layer reads.

NumPy's `dot` hands transposed views to BLAS as they are; nothing is ever transposed in memory.
Bound methods with positional outputs are the fastest way to call it, and at tiny sizes the calls
are all the cost there is.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy import add

from backproof_numpy.activations import ACTIVATIONS
from backproof_numpy.arrays import BoolArray, FloatArray
from backproof_numpy.kernels import Kernel, Site
from backproof_numpy.layer import Layer
from backproof_numpy.losses import Loss, OutputSite
from backproof_numpy.parameters import Parameters
from backproof_numpy.results import Backward, Forward
from backproof_numpy.screening import finite_screen, label_screen

# From so many weights on, a product of one column and one row is faster element by element: BLAS
# copies both into its own layout and passes over the gradient three times. NumPy's `multiply` would
# allocate for the broadcast, `einsum` does not.
OUTER_PRODUCT_SIZE = 1 << 16

Product: TypeAlias = Callable[[FloatArray, FloatArray], object]


class Workspace:
    """The buffers of one network for one batch size, and the passes through them."""

    def __init__(
        self,
        layers: Sequence[Layer],
        parameters: Parameters,
        batch: int,
        *,
        loss: Loss,
        divisor: float,
    ) -> None:
        dtype = layers[0].weights.dtype
        work = np.empty((2, batch * max(layer.n_out for layer in layers)), dtype)
        sites = [_site(layer, batch, work) for layer in layers]
        kernels = [ACTIVATIONS[layer.activation](site) for layer, site in zip(layers, sites, strict=True)]
        ones = np.ones(batch, dtype)

        net_inputs = tuple(site.net_input for site in sites)
        activations = tuple(site.activation for site in sites)
        deltas = tuple(site.delta for site in sites)
        self._forward_result = Forward(net_inputs, activations)
        self._net_inputs, self._activations = net_inputs, activations
        self._gradient_fields = deltas, parameters.weight_gradients, parameters.bias_gradients

        self._accepts_samples = finite_screen((batch, layers[0].n_in))
        self._accepts_labels = label_screen(loss.labels, (batch, layers[-1].n_out), dtype)
        self.output = OutputSite(site=sites[-1], kernel=kernels[-1], divisor=divisor)
        self._evaluate = loss.build(self.output)
        self._forwards = [
            _forward(weights, biases, site, kernel)
            for weights, biases, site, kernel in zip(parameters.weights, parameters.biases, sites, kernels, strict=True)
        ]
        gradients = [
            _gradient(delta, ones, weights, biases, missing)
            for delta, weights, biases, missing in zip(
                deltas,
                parameters.weight_gradients,
                parameters.bias_gradients,
                parameters.missing,
                strict=True,
            )
        ]
        self._propagations = [
            _propagation(deltas[below + 1], parameters.weights[below + 1], deltas[below], kernels[below])
            for below in reversed(range(len(layers) - 1))
        ]
        self._first_gradient = gradients[0]
        self._further_gradients = list(zip(gradients[1:], activations, strict=False))

    def accepts(self, x: FloatArray, y: FloatArray) -> bool:
        """Tell whether the samples are finite and the labels what the loss allows."""
        return self._accepts_samples(x) and self._accepts_labels(y)

    def forward(self, x: FloatArray) -> Forward:
        """Compute z and a of every layer (E1)."""
        source = x
        for forward in self._forwards:
            source = forward(source)
        return self._forward_result

    def backward(self, x: FloatArray, y: FloatArray) -> Backward:
        """Compute z, a, E, then delta from the output down (E22, E17), then the gradients (E11).

        Update nothing.
        """
        source = x
        for forward in self._forwards:
            source = forward(source)
        loss = self._evaluate(y)
        for propagate in self._propagations:
            propagate()
        self._first_gradient(x)
        for gradient, source in self._further_gradients:
            gradient(source)
        return Backward(self._net_inputs, self._activations, loss, *self._gradient_fields)


def _site(layer: Layer, batch: int, work: FloatArray) -> Site:
    shape = batch, layer.n_out
    scratch, spare = (row[: batch * layer.n_out].reshape(shape) for row in work)
    return Site(
        net_input=np.empty(shape, work.dtype),
        activation=np.empty(shape, work.dtype),
        delta=np.empty(shape, work.dtype),
        scratch=scratch,
        spare=spare,
        row_max=np.empty((batch, 1), work.dtype),
        row_sum=np.empty((batch, 1), work.dtype),
        slope=layer.slope,
        alpha=layer.alpha,
        approximate=layer.approximate,
    )


def _forward(
    weights: FloatArray, biases: FloatArray | None, site: Site, kernel: Kernel
) -> Callable[[FloatArray], FloatArray]:
    """E1 `forward-propagation`: z = a_previous W^T + b, a = f(z)."""
    z, a, product = site.net_input, site.activation, site.scratch
    transposed, activate = weights.T, kernel.forward

    def without_biases(source: FloatArray) -> FloatArray:
        source.dot(transposed, z)
        activate()
        return a

    if biases is None:
        return without_biases
    row = biases.reshape(1, -1)

    def with_biases(source: FloatArray) -> FloatArray:
        source.dot(transposed, product)
        add(product, row, z)
        activate()
        return a

    # Adding a row to a matrix broadcasts, for which NumPy allocates; assigning it does not.
    def with_spread_biases(source: FloatArray) -> FloatArray:
        source.dot(transposed, product)
        z[...] = row
        add(product, z, z)
        activate()
        return a

    return with_biases if len(z) == 1 else with_spread_biases


def _propagation(
    next_delta: FloatArray, next_weights: FloatArray, delta: FloatArray, kernel: Kernel
) -> Callable[[], None]:
    """E17 `delta-rule`: delta = f'(z) * (delta_next W_next)."""
    multiply_by_weights, apply_derivative = next_delta.dot, kernel.backward

    def propagate() -> None:
        multiply_by_weights(next_weights, delta)
        apply_derivative()

    return propagate


def _gradient(
    delta: FloatArray,
    ones: FloatArray,
    weight_gradient: FloatArray,
    bias_gradient: FloatArray | None,
    missing: BoolArray | None,
) -> Callable[[FloatArray], None]:
    """E11 `weight-gradient`: dE/dW = delta^T a_previous (0: no edge), dE/db = sum of delta."""
    sum_samples = ones.dot
    outer = len(delta) == 1 and weight_gradient.size >= OUTER_PRODUCT_SIZE
    multiply_by_source: Product = _outer_product(delta[0]) if outer else delta.T.dot

    def gradient(source: FloatArray) -> None:
        multiply_by_source(source, weight_gradient)
        if missing is not None:
            np.putmask(weight_gradient, missing, 0)
        if bias_gradient is not None:
            sum_samples(delta, bias_gradient)

    return gradient


def _outer_product(column: FloatArray) -> Product:
    """One sample's dE/dW_ij = delta_i a_j, the same numbers as by BLAS, which adds them to zero."""

    def multiply_by_source(source: FloatArray, weight_gradient: FloatArray) -> None:
        np.einsum("i,j->ij", column, source[0], out=weight_gradient)

    return multiply_by_source
