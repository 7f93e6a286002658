"""A multilayer perceptron in fused Triton kernels as a subject, right, and with three bugs that such kernels have.

    backproof check conformance/examples/triton_mlp.py:right
    backproof check conformance/examples/triton_mlp.py:masked_tail
    backproof check conformance/examples/triton_mlp.py:wrong_stride
    backproof check conformance/examples/triton_mlp.py:bfloat16_accumulation

It runs on a CUDA device; without one in Triton's interpreter, slowly. Large cases (`--case large-12m`) are shown where
they lie, and judged there.

Shapes: weights (n_out, n_in), samples in rows; float32, products in full precision ("ieee").
"""

from __future__ import annotations

import os
from typing import Any

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
if DEVICE == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is imported

import triton  # noqa: E402 - after the choice above
import triton.language as tl  # noqa: E402 - after the choice above

import backproof  # noqa: E402 - after the choice above

BLOCK = 32
IDENTITY, SIGMOID, TANH, RELU = range(4)
ACTIVATIONS = {"identity": IDENTITY, "sigmoid": SIGMOID, "tanh": TANH, "relu": RELU, "softmax": IDENTITY}


@triton.jit
def _forward(
    a,
    w,
    b,
    z,
    out,
    samples,
    m,
    n,
    f: tl.constexpr,
    biased: tl.constexpr,
    block: tl.constexpr,
):
    """Write z = a W^T + b (E1) and f(z), both (samples, m), in one pass; a (samples, n), W (m, n)."""
    rows = tl.program_id(0) * block + tl.arange(0, block)
    columns = tl.program_id(1) * block + tl.arange(0, block)
    sums = tl.zeros((block, block), dtype=tl.float32)
    for start in range(0, n, block):
        terms = start + tl.arange(0, block)
        left_mask = (rows[:, None] < samples) & (terms[None, :] < n)
        right_mask = (columns[None, :] < m) & (terms[:, None] < n)
        left = tl.load(a + rows[:, None] * n + terms[None, :], mask=left_mask, other=0.0)
        right = tl.load(w + columns[None, :] * n + terms[:, None], mask=right_mask, other=0.0)
        sums += tl.dot(left, right, input_precision="ieee")
    if biased:
        sums += tl.load(b + columns, mask=columns < m, other=0.0)[None, :]
    value = sums
    if f == 1:
        value = 1 / (1 + tl.exp(-sums))
    if f == 2:
        decay = tl.exp(-2 * tl.abs(sums))
        value = tl.where(sums < 0, -(1 - decay) / (1 + decay), (1 - decay) / (1 + decay))
    if f == 3:
        value = tl.maximum(sums, 0.0)
    mask = (rows[:, None] < samples) & (columns[None, :] < m)
    tl.store(z + rows[:, None] * m + columns[None, :], sums, mask=mask)
    tl.store(out + rows[:, None] * m + columns[None, :], value, mask=mask)


@triton.jit
def _deltas_below(
    delta,
    w,
    a,
    z,
    below,
    samples,
    m,
    n,
    f: tl.constexpr,
    strided: tl.constexpr,
    block: tl.constexpr,
):
    """Write delta below = f' o (delta W) (E17), (samples, n); delta (samples, m), W (m, n)."""
    rows = tl.program_id(0) * block + tl.arange(0, block)
    columns = tl.program_id(1) * block + tl.arange(0, block)
    sums = tl.zeros((block, block), dtype=tl.float32)
    for start in range(0, m, block):
        terms = start + tl.arange(0, block)
        left_mask = (rows[:, None] < samples) & (terms[None, :] < m)
        right_mask = (terms[:, None] < m) & (columns[None, :] < n)
        left = tl.load(delta + rows[:, None] * m + terms[None, :], mask=left_mask, other=0.0)
        places = terms[:, None] * n + columns[None, :]
        if strided:  # the bug: the strides of W^T
            places = terms[:, None] + columns[None, :] * m
        right = tl.load(w + places, mask=right_mask, other=0.0)
        sums += tl.dot(left, right, input_precision="ieee")
    mask = (rows[:, None] < samples) & (columns[None, :] < n)
    here = rows[:, None] * n + columns[None, :]
    value = tl.load(a + here, mask=mask, other=0.0)
    slope = tl.full((block, block), 1.0, dtype=tl.float32)
    if f == 1:
        slope = value * (1 - value)
    if f == 2:
        slope = 1 - value * value
    if f == 3:
        slope = tl.where(tl.load(z + here, mask=mask, other=0.0) > 0, 1.0, 0.0)
    tl.store(below + here, sums * slope, mask=mask)


@triton.jit
def _gradient_and_step(
    delta, a, w, b, g, gb, rate, samples, m, n, biased: tl.constexpr, tail: tl.constexpr, low: tl.constexpr,
    block: tl.constexpr,
):  # fmt: skip
    """Write G = delta^T a (E11) and W - rate G in place (E26), (m, n), and the same of the biases; a (samples, n)."""
    rows = tl.program_id(0) * block + tl.arange(0, block)
    columns = tl.program_id(1) * block + tl.arange(0, block)
    sums = tl.zeros((block, block), dtype=tl.float32)
    by_bias = tl.zeros((block,), dtype=tl.float32)
    last = samples
    if tail:  # the bug: of the last block of samples only what would fill it
        last = tl.maximum(samples - samples % block, tl.minimum(samples, 1))
    for start in range(0, samples, block):
        terms = start + tl.arange(0, block)
        left_mask = (terms[None, :] < last) & (rows[:, None] < m)
        right_mask = (terms[:, None] < last) & (columns[None, :] < n)
        left = tl.load(delta + terms[None, :] * m + rows[:, None], mask=left_mask, other=0.0)
        right = tl.load(a + terms[:, None] * n + columns[None, :], mask=right_mask, other=0.0)
        sums += tl.dot(left, right, input_precision="ieee")
        if low:  # the bug: what is summed so far is kept in bfloat16
            sums = sums.to(tl.bfloat16).to(tl.float32)
        by_bias += tl.sum(left, axis=1)
    here, mask = rows[:, None] * n + columns[None, :], (rows[:, None] < m) & (columns[None, :] < n)
    tl.store(g + here, sums, mask=mask)
    tl.store(w + here, tl.load(w + here, mask=mask, other=0.0) - rate * sums, mask=mask)
    if biased:
        if tl.program_id(1) == 0:
            tl.store(gb + rows, by_bias, mask=rows < m)
            tl.store(b + rows, tl.load(b + rows, mask=rows < m, other=0.0) - rate * by_bias, mask=rows < m)


def _grid(rows: int, columns: int) -> tuple[int, int]:
    return triton.cdiv(rows, BLOCK), triton.cdiv(columns, BLOCK)


def _train(case: Any, *, tail: bool = False, strided: bool = False, low: bool = False) -> dict[str, Any]:
    def there(values: Any) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=DEVICE).contiguous()

    x, y = (there(values)[list(case.batches[0])] for values in (case.x, case.y))
    samples = len(x)
    layers = [(there(la.weights), None if la.biases is None else there(la.biases)) for la in case.layers]
    kinds = [ACTIVATIONS[la.activation.name] for la in case.layers]
    net_inputs, outputs = [], [x]
    for (w, b), kind in zip(layers, kinds, strict=True):
        m, n = w.shape
        z, a = (torch.empty(samples, m, device=DEVICE) for _ in range(2))
        _forward[_grid(samples, m)](
            outputs[-1], w, w if b is None else b, z, a, samples, m, n, kind, b is not None, BLOCK
        )
        net_inputs.append(z)
        outputs.append(a)
    if case.layers[-1].activation.name == "softmax":
        outputs[-1] = torch.softmax(net_inputs[-1], dim=1)
    deltas = [(outputs[-1] - y) * (2 if case.loss == "squared" else 1)]
    for (w, _), kind, (z, a) in zip(
        layers[:0:-1], kinds[-2::-1], zip(net_inputs[-2::-1], outputs[-2:0:-1], strict=True), strict=True
    ):
        m, n = w.shape
        below = torch.empty(samples, n, device=DEVICE)
        _deltas_below[_grid(samples, n)](deltas[0], w, a, z, below, samples, m, n, kind, strided, BLOCK)
        deltas.insert(0, below)
    gradients = [(torch.empty_like(w), None if b is None else torch.empty_like(b)) for w, b in layers]
    for delta, a, (w, b), (g, gb) in zip(deltas, outputs, layers, gradients, strict=False):
        m, n = w.shape
        biases, by_bias = (w, g) if b is None else (b, gb)
        _gradient_and_step[_grid(m, n)](
            delta, a, w, biases, g, by_bias, case.learning_rate, samples, m, n, b is not None, tail, low, BLOCK
        )
    return {
        "net_inputs": net_inputs,
        "activations": outputs[1:],
        "deltas": deltas,
        "weight_gradients": [g for g, _ in gradients],
        "bias_gradients": [gb for _, gb in gradients],
        "weights": [w for w, _ in layers],
        "biases": [b for _, b in layers],
    }


def _subject(name: str, **bugs: bool) -> Any:
    def run(case: Any) -> dict[str, Any]:
        return _train(case, **bugs)

    run.__name__ = name
    return backproof.subject(
        activations=["identity", "sigmoid", "tanh", "relu"],
        output_activations=["identity", "sigmoid", "softmax"],
        dtypes=["float32"],
        skips=["masked", "several-updates", "general-output-delta"],
        version=f"triton {triton.__version__}",
    )(run)


right = _subject("right")
masked_tail = _subject("masked_tail", tail=True)
wrong_stride = _subject("wrong_stride", strided=True)
bfloat16_accumulation = _subject("bfloat16_accumulation", low=True)
