"""The activation functions f and their derivatives, as in-place array programs.

To add one is to add one entry here.

Symbols: z net input, a = f(z) activation, delta the incoming dE/da that becomes dE/dz, all
(batch, n).

Each entry is a function of a `Site` that returns a `Kernel`. Constants are 0-d arrays of the
network's dtype, because Python numbers cost NumPy twice the time. Buffers alternate where they can,
because NumPy takes three times as long to work in place on an array of a single element. Rows and
columns are spread into a buffer before they meet a matrix, because NumPy's own broadcasting
allocates.

At a kink: f'(0) is 0 for relu, the slope for leaky_relu, alpha for elu.
"""

import numpy as np
from numpy import (
    add,
    divide,
    exp,
    expm1,
    maximum,
    minimum,
    multiply,
    negative,
    reciprocal,
    subtract,
)

from backproof_numpy.arrays import FloatArray
from backproof_numpy.kernels import Builder, Kernel, Site
from backproof_numpy.special import LIMITS, normal_tail

# e^x neither overflows nor does 1 / (1 + e^x) underflow up to here.
EXPONENT_LIMITS = {"float64": 708.0, "float32": 87.0}


ACTIVATIONS: dict[str, Builder] = {}


def activation(builder: Builder) -> Builder:
    """Enter an activation under its function's name."""
    ACTIVATIONS[builder.__name__] = builder
    return builder


def logistic(minus_z: FloatArray, work: FloatArray, result: FloatArray, limit: FloatArray, one: FloatArray) -> None:
    """Write 1 / (1 + e^-z) into `result` without overflow; it may be `minus_z` (E18 `sigmoid`)."""
    minimum(minus_z, limit, out=work)
    exp(work, result)
    add(result, one, work)
    reciprocal(work, result)


@activation
def identity(site: Site) -> Kernel:
    """f(z) = z, f'(z) = 1."""
    z, a = site.net_input, site.activation

    def forward() -> None:
        np.positive(z, a)

    def backward() -> None:
        pass

    return Kernel(forward, backward)


@activation
def sigmoid(site: Site) -> Kernel:
    """f(z) = 1 / (1 + e^-z), f'(z) = a (1 - a): E18 to E20."""
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    one, limit = site.constant(1), site.constant(EXPONENT_LIMITS[z.dtype.name])

    def forward() -> None:
        negative(z, a)
        logistic(a, scratch, a, limit, one)

    def backward() -> None:
        subtract(one, a, scratch)
        multiply(scratch, a, scratch)
        multiply(scratch, delta, delta)

    return Kernel(forward, backward)


@activation
def tanh(site: Site) -> Kernel:
    """f(z) = tanh z, f'(z) = 1 - a^2."""
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    one = site.constant(1)

    def forward() -> None:
        np.tanh(z, a)

    def backward() -> None:
        multiply(a, a, scratch)
        subtract(one, scratch, scratch)
        multiply(scratch, delta, delta)

    return Kernel(forward, backward)


@activation
def relu(site: Site) -> Kernel:
    """f(z) = max(z, 0), f'(z) = 1 for z > 0, else 0 (which is the sign of a)."""
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    zero = site.constant(0)

    def forward() -> None:
        maximum(z, zero, out=a)

    def backward() -> None:
        np.sign(a, scratch)
        multiply(scratch, delta, delta)

    return Kernel(forward, backward)


@activation
def leaky_relu(site: Site) -> Kernel:
    """f(z) = z for z > 0, else slope * z; f'(z) = 1 for z > 0, else the slope."""
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    zero, slope = site.constant(0), site.constant(site.slope)
    leaking = np.empty(z.shape, bool)

    def forward() -> None:
        minimum(z, zero, out=a)
        multiply(a, slope, a)
        maximum(z, zero, out=scratch)
        add(a, scratch, a)

    def backward() -> None:
        np.less_equal(z, zero, leaking)
        multiply(delta, slope, scratch)
        np.putmask(delta, leaking, scratch)

    return Kernel(forward, backward)


@activation
def elu(site: Site) -> Kernel:
    """f(z) = z for z > 0, else alpha (e^z - 1); f'(z) = 1 for z > 0, else alpha e^z."""
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    zero, one, alpha = site.constant(0), site.constant(1), site.constant(site.alpha)
    linear = np.empty(z.shape, bool)

    def forward() -> None:
        minimum(z, zero, out=a)
        expm1(a, a)
        multiply(a, alpha, a)
        maximum(z, zero, out=scratch)
        add(a, scratch, a)

    def backward() -> None:
        np.greater(z, zero, linear)
        minimum(z, zero, out=scratch)
        exp(scratch, scratch)
        multiply(scratch, alpha, scratch)
        np.putmask(scratch, linear, one)
        multiply(scratch, delta, delta)

    return Kernel(forward, backward)


@activation
def softplus(site: Site) -> Kernel:
    """f(z) = log(1 + e^z) = max(z, 0) + log1p(e^-|z|), f'(z) = sigmoid(z) = 1 - e^-a."""
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    zero, minus = site.constant(0), site.constant(-1)

    def forward() -> None:
        np.copysign(z, minus, a)
        exp(a, a)
        np.log1p(a, a)
        maximum(z, zero, out=scratch)
        add(a, scratch, a)

    def backward() -> None:
        negative(a, scratch)
        expm1(scratch, scratch)
        negative(scratch, scratch)
        multiply(scratch, delta, delta)

    return Kernel(forward, backward)


@activation
def gelu(site: Site) -> Kernel:
    """f(z) = z Phi(z), f'(z) = Phi(z) + z phi(z); approximate="tanh" approximates Phi."""
    return tanh_gelu(site) if site.approximate == "tanh" else exact_gelu(site)


def exact_gelu(site: Site) -> Kernel:
    """f(z) = max(z, 0) - |z| Q(|z|).

    With e = Q(|z|) - |z| phi(z), f'(z) = e for z < 0 and 1 - e for z >= 0.
    """
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    zero, one = site.constant(0), site.constant(1)
    limit = site.constant(LIMITS[z.dtype.name])
    size, tail, derivative = np.empty_like(z), np.empty_like(z), np.empty_like(z)
    evaluate_tail = normal_tail(size, tail, derivative)

    def forward() -> None:
        np.absolute(z, size)
        minimum(size, limit, out=size)
        evaluate_tail()
        multiply(derivative, size, derivative)
        subtract(tail, derivative, derivative)
        np.copysign(one, z, scratch)
        multiply(derivative, scratch, derivative)
        maximum(scratch, zero, out=scratch)
        subtract(scratch, derivative, derivative)
        multiply(tail, size, tail)
        maximum(z, zero, out=a)
        subtract(a, tail, a)

    def backward() -> None:
        multiply(derivative, delta, delta)

    return Kernel(forward, backward)


def tanh_gelu(site: Site) -> Kernel:
    """f(z) = z s with s = sigmoid(2 g), 2 g = z (p + q z^2).

    f'(z) = s (1 + z (1 - s) (p + 3 q z^2)).
    """
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    spare = site.spare
    one, exponent_limit = site.constant(1), site.constant(EXPONENT_LIMITS[z.dtype.name])
    p = 2 * np.sqrt(2 / np.pi)
    q = 0.044715 * p
    minus_p, minus_q = site.constant(-p), site.constant(-q)
    plus_p, three_q = site.constant(p), site.constant(3 * q)
    # Beyond |z| = 40 s is 0 or 1 in every dtype, and z^2 must not overflow.
    upper, lower = site.constant(40), site.constant(-40)
    gate, bounded, complement = np.empty_like(z), np.empty_like(z), np.empty_like(z)

    def forward() -> None:
        minimum(z, upper, out=bounded)
        maximum(bounded, lower, out=bounded)
        multiply(bounded, bounded, scratch)
        multiply(scratch, minus_q, scratch)
        add(scratch, minus_p, scratch)
        multiply(scratch, bounded, scratch)
        logistic(scratch, spare, gate, exponent_limit, one)
        multiply(z, gate, a)

    def backward() -> None:
        multiply(bounded, bounded, scratch)
        multiply(scratch, three_q, scratch)
        add(scratch, plus_p, scratch)
        multiply(scratch, bounded, scratch)
        multiply(scratch, delta, scratch)
        subtract(one, gate, complement)
        multiply(scratch, complement, scratch)
        add(scratch, delta, scratch)
        multiply(scratch, gate, delta)

    return Kernel(forward, backward)


@activation
def softmax(site: Site) -> Kernel:
    """f(z)_i = e^(z_i - max z) / sum_j e^(z_j - max z); delta <- a * (delta - sum_j a_j delta_j).

    Output layer only.
    """
    z, a, delta, scratch = site.net_input, site.activation, site.delta, site.scratch
    row_max, row_sum = site.row_max, site.row_sum
    sums = row_sum.reshape(-1)
    ones = np.ones(z.shape[1], z.dtype)

    def forward() -> None:
        maximum.reduce(z, axis=1, out=row_max, keepdims=True)
        scratch[...] = row_max
        subtract(z, scratch, scratch)
        exp(scratch, a)
        a.dot(ones, sums)
        scratch[...] = row_sum
        divide(a, scratch, a)

    def backward() -> None:
        multiply(a, delta, scratch)
        scratch.dot(ones, sums)
        scratch[...] = row_sum
        subtract(delta, scratch, delta)
        multiply(delta, a, delta)

    return Kernel(forward, backward)
