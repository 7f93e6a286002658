"""The normal tail Q(t) = erfc(t / sqrt 2) / 2 and density phi(t), to a few units relative.

Symbols: t >= 0 the argument, Q the tail, phi(t) = exp(-t^2 / 2) / sqrt(2 pi), c = 4 the shift of
the rational variable s = 1 - 2 c / (t + c), P the polynomial with P(s) = (t + c) Q(t) exp(t^2 / 2).

Two things make Q accurate to a few units in the last place even where it is 1e-300. P is fitted to
a function that neither vanishes nor grows, so that its error is relative; and t^2 is split at h = t
rounded to sixteenths, -t^2/2 = -h^2/2 - (t-h)(t+h)/2, where h^2 is exact, so that the exponential
does not magnify the rounding error of the square. `impl/tests/tail_coefficients.py` computes the
coefficients anew.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy import add, divide, exp, multiply, rint, subtract

from backproof_numpy.arrays import FloatArray

SHIFT = 4.0
BLOCK = 8192
# Beyond the limit Q is below the smallest number of the dtype: 0.
LIMITS = {"float64": 40.0, "float32": 15.0}
COEFFICIENTS = {
    "float64": (
        3.403312308649495e-10,
        -1.1997782031253095e-10,
        -3.73064508186837e-09,
        -5.873626764987191e-10,
        2.1427603843452355e-08,
        1.7844927772981415e-08,
        -8.686647015997893e-08,
        -1.597739614223922e-07,
        2.7246296951145873e-07,
        1.0247851016552774e-06,
        -6.298367338492369e-07,
        -5.921611045923978e-06,
        7.166587641195121e-07,
        3.514511190283765e-05,
        -1.908246351414571e-06,
        -0.00023109501736277426,
        0.00013334430941183256,
        0.0016308184674099085,
        -0.0034796923670479736,
        -0.007540188967386312,
        0.060396574890917876,
        -0.1865218579596366,
        0.3871374007422149,
        -0.6078966419718923,
        0.7552851304157515,
    ),
    "float32": (
        -0.0001573205695845843,
        0.00012932568134075276,
        0.0015637868988265602,
        -0.0034761678949089226,
        -0.0075122313817515655,
        0.06039529586995691,
        -0.18652671087172498,
        0.3871375629108491,
        -0.6078964038146354,
        0.7552851271355856,
    ),
}


def normal_tail(t: FloatArray, tail: FloatArray, density: FloatArray) -> Callable[[], None]:
    """Return a function that writes Q(t) and phi(t) of what `t` holds into `tail` and `density`.

    Formula: Q(t) = P(s) exp(-t^2 / 2) / (t + c), phi(t) = exp(-t^2 / 2) / sqrt(2 pi).

    Arguments: t, tail, density, C-contiguous arrays of one shape and dtype, t between 0 and
    `LIMITS[dtype]`. The work goes block by block, so that the polynomial's passes stay in the cache
    and need no memory of the arrays' size.

    Returns: a function of no argument; it allocates no array memory.

    Source: E1 `forward-propagation`, f = GELU.
    """
    dtype = t.dtype
    coefficients = [np.array(value, dtype) for value in COEFFICIENTS[dtype.name]]
    one, half, shift, sixteen = (np.array(value, dtype) for value in (1.0, 0.5, SHIFT, 16.0))
    twice_shift = np.array(2 * SHIFT, dtype)
    density_factor = np.array(1 / math.sqrt(2 * math.pi), dtype)
    work = np.empty((3, min(BLOCK, t.size)), dtype)
    flat = [array.reshape(-1) for array in (t, tail, density)]
    blocks = [
        (*(array[start : start + BLOCK] for array in flat), *work[:, : min(BLOCK, t.size - start)])
        for start in range(0, t.size, BLOCK)
    ]

    def gaussian(t: FloatArray, result: FloatArray, coarse: FloatArray, rest: FloatArray) -> None:
        multiply(t, sixteen, coarse)
        rint(coarse, coarse)
        divide(coarse, sixteen, coarse)
        subtract(coarse, t, rest)
        add(coarse, t, result)
        multiply(rest, result, rest)
        multiply(rest, half, rest)
        exp(rest, rest)
        multiply(coarse, coarse, coarse)
        multiply(coarse, half, coarse)
        np.negative(coarse, coarse)
        exp(coarse, result)
        multiply(result, rest, result)

    def polynomial(s: FloatArray, result: FloatArray) -> None:
        result[...] = coefficients[0]
        for coefficient in coefficients[1:]:
            multiply(result, s, result)
            add(result, coefficient, result)

    def evaluate() -> None:
        for part, q, phi, shifted, s, rest in blocks:
            gaussian(part, phi, s, rest)
            add(part, shift, shifted)
            divide(twice_shift, shifted, s)
            subtract(one, s, s)
            polynomial(s, q)
            multiply(q, phi, q)
            divide(q, shifted, q)
            multiply(phi, density_factor, phi)

    return evaluate
