"""The tolerance model: how far correct code may be from an equation, element by element.

Every bound is the worst-case rounding error of one equation evaluated once in the case's dtype, at upstream values
taken as given. These were rounded to be shown, once each: code that computes in a higher precision than the case's, as
plain Python does in float32 cases, has others inside (SHOWN_TERMS, for the two factors of a product).

Symbols: u, the unit roundoff; gamma_n = n u / (1 - n u); lambda, the smallest normal number; r, the absolute error of
f'; S, a product's sum of absolute values. No other module holds a tolerance. All arguments and results are float64
arrays; z, a, o, y, delta are (batch, n_l), weights (n_out, n_in).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from backproof_spec import Activation, Loss

Array = np.ndarray[Any, Any]

OPERAND_ROUNDING = {"full": 0.0, "tf32": 2.0**-10, "bfloat16": 2.0**-8}
ACCUMULATION = 2.0**-23
SUMMED_EXPONENTIALS = 10
UPDATE_TERMS = 2.1
SUBTRACTION_TERMS = 3
SCALE_TERMS = 2
SHOWN_TERMS = 2
K = 8  # standard deviations in an expected bound, and in a sum with random signs
REDUCED_ACCURACY = 4
RESOLUTION = 1e-3
SATURATION = 2.0**10


@cache
def _limits(dtype: str) -> tuple[float, float]:
    found = np.finfo(dtype)
    return float(found.eps), float(found.tiny)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The bounds for one dtype and one declared precision of matrix products.

    expected: sums of n products get K standard deviations of independent roundings, K sqrt(n) u / sqrt(3), in place of
    gamma_n: what correct code stays within without remark, where the worst case of long sums says nothing.
    """

    dtype: str
    precision: str = "full"
    expected: bool = False

    @property
    def u(self) -> float:
        """The unit roundoff: 2^-53 or 2^-24."""
        return _limits(self.dtype)[0] / 2

    @property
    def smallest(self) -> float:
        """lambda, the smallest normal number."""
        return _limits(self.dtype)[1]

    def gamma(self, n: int) -> float:
        """Return gamma_n = n u / (1 - n u), or K standard deviations of n roundings where that is `expected`."""
        if self.expected:
            return K * float(np.sqrt(n / 3)) * self.u
        return n * self.u / (1 - n * self.u)

    def product(self, n: int, absolute: Array) -> Array:
        """Return the bound of a sum of n products whose absolute values sum to `absolute`, in any order."""
        return self._product_factor(n) * absolute

    def _product_factor(self, n: int) -> float:
        operands = OPERAND_ROUNDING[self.precision]
        if not operands:
            return self.gamma(n)
        accumulation = max(self.u, ACCUMULATION)
        return 2 * operands + operands**2 + n * accumulation / (1 - n * accumulation)

    def probe(self, n: int, size: Array) -> Array:
        """Return the bound of a row of a product (n terms an element), summed with random signs.

        size: |row of the left factor| |right factor|, Euclidean and Frobenius norms. The signs are independent of the
        roundings: by Hoeffding a sum of errors, each within its bound b_i, is above K sqrt(sum b_i^2) with probability
        2 exp(-K^2 / 2) < 3e-14, and sqrt(sum b_i^2) <= gamma_n size by Cauchy and Schwarz.
        """
        independent = self.expected and not OPERAND_ROUNDING[self.precision]
        return (1 if independent else K) * self._product_factor(n) * size + self.underflow(n, size)

    def reference_probe(self, n: int, count: int, size: Array) -> Array:
        """Return the error of the reference of a probe over `count` elements, which is evaluated in this dtype.

        Its roundings do depend on the signs: in the worst case |a|^T |W|^T 1 <= sqrt(count) size.
        """
        return self.gamma(n + count) * (1.0 if self.expected else float(np.sqrt(count))) * size

    def underflow(self, terms: int, value: Array) -> Array:
        """Return lambda (terms + |value| + 1), for underflow and flush-to-zero."""
        return self.smallest * (terms + abs(value) + 1)

    def net_input(self, weights: Array, biases: Array | None, previous: Array, z: Array) -> Array:
        """Return the bound of z (E1): gamma_(n+3) (|W||a| + |b|)."""
        absolute = np.abs(previous) @ np.abs(weights).T
        return self.net_input_of(weights.shape[1], absolute, 0.0 if biases is None else np.abs(biases), z)

    def net_input_of(self, n: int, absolute: Array, bias: Array | float, z: Array) -> Array:
        """Return the bound of z, given |W||a| and |b|."""
        terms = n + 1 + SHOWN_TERMS
        return self.product(terms, absolute) + self.gamma(terms) * bias + self.underflow(n, z)

    def activation(self, activation: Activation, z: Array, a: Array) -> Array:
        """Return the bound of a = f(z) (E1, E18): c_f u |a| + u |z f'(z)|; softmax by its own formula.

        What underflows may be a factor of z, as the sigmoid in z sigmoid(z): its lambda enters times |z|.
        """
        if activation.elementwise:
            shown_z = np.abs(z * activation.derivative(z))
            underflow = self.underflow(1, a) + np.abs(z) * self.underflow(1, np.ones(()))
            return self.u * (activation.rule.function_error * np.abs(a) + shown_z) + underflow
        n = z.shape[-1]
        top = z.max(axis=-1, keepdims=True)
        log_sum = np.log(np.exp(z - top).sum(axis=-1, keepdims=True))
        largest = np.abs(z).max(axis=-1, keepdims=True)
        terms = SUMMED_EXPONENTIALS + n + 2 * (top - z) + 2 * log_sum + 3 * largest
        return self.u * terms * a + self.underflow(n, a)

    def reduced_activation(self, z: Array) -> Array:
        """Return the bound of the reduced-accuracy tier for function values: 4 u max(1, |z|)."""
        return REDUCED_ACCURACY * self.u * np.maximum(1.0, np.abs(z))

    def derivative(self, activation: Activation, z: Array, *, reduced: bool = False) -> Array:
        """Return r, the absolute error of f': the activation's own, plus u |z f''(z)| for the rounding of z."""
        own = self.u * (activation.derivative_error(z) + np.abs(z * activation.second_derivative(z)))
        return np.maximum(own, self.reduced_activation(z)) if reduced else own

    def delta(self, derivative: Array, r: Array, next_weights: Array, next_deltas: Array, *, scaled: bool) -> Array:
        """Return the bound of E17: gamma_(n+3) S (|f'| + r) + |s| r + u |s| |f'|, with s = W^T delta."""
        s, absolute = next_deltas @ next_weights, np.abs(next_deltas) @ np.abs(next_weights)
        return self.delta_of(next_weights.shape[0], derivative, r, np.abs(s), absolute, scaled=scaled)

    def delta_of(self, n: int, derivative: Array, r: Array, s: Array, absolute: Array, *, scaled: bool) -> Array:
        """Return the bound of E17, given |s| and S."""
        slope = np.abs(derivative)
        terms = n + 1 + SHOWN_TERMS + (SCALE_TERMS if scaled else 0)
        underflow = self.underflow(n, s) + s * self.underflow(1, slope)
        return self.product(terms, absolute) * (slope + r) + s * r + self.u * s * slope + underflow

    def slope_product(self, derivative: Array, r: Array, s: Array) -> Array:
        """Return the bound of delta = f' s at a shown s = dE/da: 3 u |s| |f'| + |s| r."""
        s, slope = np.abs(s), np.abs(derivative)
        return (1 + SHOWN_TERMS) * self.u * s * slope + s * r + self.underflow(1, s) + s * self.underflow(1, slope)

    def output_delta(
        self,
        activation: Activation,
        loss: Loss,
        y: Array,
        z: Array,
        o: Array,
        o_bound: Array,
        r: Array,
        scale: float,
        *,
        fused: bool = False,
    ) -> Array:
        """Return the bound of E22: 3 u |o - y| + bound(o) where E23 to E25 hold, and dJ/do and f' with their errors.

        fused: only the first. Where outputs saturate, dJ/do times f' loses everything, and code that computes it so
        has declared range=moderate.
        """
        with np.errstate(all="ignore"):
            own = SUBTRACTION_TERMS * self.u * np.abs(o - y) + o_bound
            bound = 0.0 * o if fused else self._unfused(activation, loss, y, z, o, o_bound, r)
        special = loss.output_activation == activation.name
        bound = np.where(np.isfinite(bound), bound, 0.0) + (own if special else 0.0)
        carried = SCALE_TERMS * self.u * np.abs(o - y) if scale != 1 else 0.0
        return scale * (bound + carried) + self.underflow(o.shape[-1], o)

    def _unfused(
        self, activation: Activation, loss: Loss, y: Array, z: Array, o: Array, o_bound: Array, r: Array
    ) -> Array:
        slope, curvature = loss.derivative(y, o), loss.second_derivative(y, o)
        if not activation.elementwise:
            return self._softmax_output_delta(slope, curvature, o, o_bound)
        derivative = np.abs(activation.derivative(z))
        error = r + SUBTRACTION_TERMS * self.u * derivative + self.underflow(1, derivative)
        return np.abs(slope) * error + derivative * np.abs(curvature) * o_bound

    def _softmax_output_delta(self, slope: Array, curvature: Array, o: Array, o_bound: Array) -> Array:
        """Return the bound of o_i (g_i - sum_j o_j g_j) with g = dJ/do, every o carried with its own bound."""
        weighted = (o * slope).sum(axis=-1, keepdims=True)
        absolute = np.abs(slope) + (o * np.abs(slope)).sum(axis=-1, keepdims=True)
        terms = o.shape[-1] + 2 * SUBTRACTION_TERMS
        spread = (o_bound * (np.abs(slope) + o * np.abs(curvature))).sum(axis=-1, keepdims=True)
        own = o_bound * np.abs(slope - weighted) + o * np.abs(curvature) * o_bound
        return terms * self.u * o * absolute + own + o * spread

    def gradient(self, deltas: Array, previous: Array, *, scaled: bool) -> tuple[Array, Array]:
        """Return the bounds of E11: gamma_(B+2) |delta|^T |a| for weights, gamma_(B+2) sum |delta| for biases."""
        samples = deltas.shape[0]
        by_weight = self.gradient_of(samples, np.abs(deltas).T @ np.abs(previous), scaled=scaled)
        return by_weight, self.bias_gradient_of(samples, np.abs(deltas).sum(axis=0), scaled=scaled)

    def gradient_of(self, samples: int, absolute: Array, *, scaled: bool) -> Array:
        """Return the bound of the gradient of weights, given |delta|^T |a|."""
        return self.product(gradient_terms(samples, scaled=scaled), absolute) + self.underflow(samples, absolute)

    def bias_gradient_of(self, samples: int, absolute: Array, *, scaled: bool) -> Array:
        """Return the bound of the gradient of biases, given sum |delta|."""
        return self.gamma(gradient_terms(samples, scaled=scaled)) * absolute + self.underflow(samples, absolute)

    def update(self, parameters: Array, gradient: Array, learning_rate: float) -> Array:
        """Return the bound of E26: 2.1 u |alpha g| + u (|w| + |alpha g|), and u (|w| + |alpha g|) for what is shown."""
        change = abs(learning_rate * gradient)
        size = abs(parameters) + change
        return self.u * (UPDATE_TERMS * change + SHOWN_TERMS * size) + self.underflow(1, parameters)

    def loss(self, terms: Array, scale: float) -> float:
        """Return the rounding of a loss whose single terms (batch, k) are given: c_f and gamma on their sum."""
        absolute = float(np.abs(terms).sum())
        count = terms.size + SUMMED_EXPONENTIALS + (SCALE_TERMS if scale != 1 else 0)
        return self.gamma(count) * absolute * scale + float(self.underflow(count, np.array(absolute)))


def gradient_terms(samples: int, *, scaled: bool) -> int:
    """Return the roundings of a gradient: one for each sample, those of what is shown, those of a mean."""
    return samples + SHOWN_TERMS + (SCALE_TERMS if scaled else 0)
