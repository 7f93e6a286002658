"""Correct implementations that differ: other orders of summation, layouts, formulas, precisions. None may be failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof.mutants.machine import Machine, Record
from backproof.mutants.steps import Here, delta_scale, gradient_scale, stable
from backproof_spec import LOSSES, activation

Product = Callable[[Array, Array], Array]


def with_product(product: Product) -> Machine:
    """Return the machine whose matrix products are computed by `product` of (m, k) and (k, n)."""

    def net_input(here: Here, w: Array, b: Array | None, a: Array) -> Array:
        z = product(a, w.T)
        return z if b is None else z + b

    def hidden_delta(here: Here, slopes: Array, w: Array, d: Array) -> Array:
        return slopes * product(d, w)

    def gradient(here: Here, d: Array, a: Array) -> Array:
        found = gradient_scale(here) * product(d.T, a)
        return found if here.mask is None else np.where(here.mask, found, found.dtype.type(0))

    return Machine(net_input=net_input, hidden_delta=hidden_delta, gradient=gradient)


def summed(order: Callable[[int], Any]) -> Product:
    """Return a product that sums its terms one after the other in an order."""

    def product(a: Array, b: Array) -> Array:
        total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for k in order(a.shape[1]):
            total += a[:, k : k + 1] * b[k : k + 1, :]
        return total

    return product


def _shuffled(n: int) -> list[int]:
    return sorted(range(n), key=lambda k: (k * 7919) % 101)


def _blocked(a: Array, b: Array) -> Array:
    parts = [a[:, k : k + 3] @ b[k : k + 3] for k in range(0, a.shape[1], 3)]
    return np.asarray(sum(parts[1:], start=parts[0]))


def _pairwise(a: Array, b: Array) -> Array:
    terms = [a[:, k : k + 1] * b[k : k + 1, :] for k in range(a.shape[1])]
    while len(terms) > 1:
        terms = [sum(terms[i + 1 : i + 2], start=terms[i]) for i in range(0, len(terms), 2)]
    return np.asarray(terms[0])


def _compensated(a: Array, b: Array) -> Array:
    total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    lost = np.zeros_like(total)
    for k in range(a.shape[1]):
        term = a[:, k : k + 1] * b[k : k + 1, :] - lost
        new = total + term
        lost = (new - total) - term
        total = new
    return total


def _exactly_summed(a: Array, b: Array) -> Array:
    rows = [[math.fsum(float(x) * float(y) for x, y in zip(row, column, strict=True)) for column in b.T] for row in a]
    return np.array(rows, dtype=a.dtype).reshape(a.shape[0], b.shape[1])


def _in_float64(a: Array, b: Array) -> Array:
    return np.asarray((a.astype(np.float64) @ b.astype(np.float64)).astype(a.dtype))


def _einsum(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("mk,kn->mn", a, b))


def _fortran(a: Array, b: Array) -> Array:
    return np.asfortranarray(a) @ np.asfortranarray(b)


def rounded_operands(bits: int) -> Product:
    """Return a product whose operands are rounded to so many bits, as TF32 (11) and bfloat16 (8) units do."""

    def rounded(values: Array) -> Array:
        mantissa, exponent = np.frexp(values)
        return np.asarray(np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(values.dtype))

    return lambda a, b: rounded(a) @ rounded(b)


def _sample_by_sample(case: Case) -> list[Record]:
    """Sum the gradients of single samples, one after the other."""

    def gradient(here: Here, d: Array, a: Array) -> Array:
        total = np.zeros((d.shape[1], a.shape[1]), d.dtype)
        for delta, below in zip(d, a, strict=True):
            total += np.outer(delta, below)
        total = gradient_scale(here) * total
        return total if here.mask is None else np.where(here.mask, total, total.dtype.type(0))

    return Machine(gradient=gradient)(case)


def _in_double(case: Case) -> list[Record]:
    """Compute everything in float64, as plain Python and JavaScript do, and round to show."""
    records = Machine()(case.as_dtype("float64"))

    def rounded(shown: Any) -> Any:
        if isinstance(shown, list):
            return [None if value is None else value.astype(case.dtype) for value in shown]
        return shown

    return [{name: rounded(shown) for name, shown in record.items()} for record in records]


def _as_fortran(case: Case) -> list[Record]:
    """Show Fortran-ordered arrays."""
    return [
        {
            k: [None if v is None else np.asfortranarray(v) for v in vs] if isinstance(vs, list) else vs
            for k, vs in r.items()
        }
        for r in Machine()(case)
    ]


def _turned(*, weights: bool, samples: bool) -> Callable[[Case], list[Record]]:
    """Return the machine in another layout: it gets the case turned, and turns its answer."""

    def run(case: Case) -> list[Record]:
        plain = replace(case.conventions, weight_layout="out_in", batch_axis=0)
        layers = tuple(
            replace(
                la,
                weights=la.weights.T.copy() if weights else la.weights,
                mask=None if la.mask is None else (la.mask.T.copy() if weights else la.mask),
            )
            for la in case.layers
        )
        x, y = (case.x.T.copy(), case.y.T.copy()) if samples else (case.x, case.y)
        own = replace(case, layers=layers, x=x, y=y, conventions=plain)
        turned = {"weights", "weight_gradients"} if weights else set()
        turned |= {"net_inputs", "activations", "deltas"} if samples else set()
        return [{k: [v.T for v in vs] if k in turned else vs for k, vs in r.items()} for r in Machine()(own)]

    return run


def _sigmoid_by_tanh(here: Here, z: Array) -> Array:
    if here.rule.name != "sigmoid":
        return stable(here.rule, z)
    half = z.dtype.type(0.5)
    return np.asarray(half + half * np.tanh(half * z))


def _tanh_by_sigmoid(here: Here, z: Array) -> Array:
    if here.rule.name != "tanh":
        return stable(here.rule, z)
    return np.asarray(2 * stable(activation("sigmoid"), 2 * z) - 1)


def _unfused(here: Here, y: Array, z: Array, o: Array) -> Array:
    """Return dJ/do times f', by E22 as it stands, whatever the pair."""
    by_output = LOSSES[here.case.loss].derivative(y, o)
    if here.rule.elementwise:
        return np.asarray(delta_scale(here) * (by_output * here.rule.derivative_by_activation(o)))
    return np.asarray(delta_scale(here) * (o * (by_output - (o * by_output).sum(axis=-1, keepdims=True))))


def _slope_from_z(here: Here, z: Array, a: Array) -> Array:
    if here.rule.name == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.asarray(small / ((1 + small) * (1 + small)))
    if here.rule.name == "tanh":
        return np.asarray(1 / np.cosh(np.clip(z, -350, 350) if z.dtype == np.float64 else np.clip(z, -40, 40)) ** 2)
    return np.asarray(here.rule.derivative(z), dtype=z.dtype)


def _in_place(here: Here, parameters: Array, by_parameter: Array) -> Array:
    found = parameters.copy()
    found -= here.number(here.case.learning_rate) * by_parameter
    return found


MODERATE = Conventions(range="moderate")

CORRECT: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject(name="machine", run=Machine()),
        Subject(name="loops", run=with_product(summed(range))),
        Subject(name="loops-reversed", run=with_product(summed(lambda n: range(n - 1, -1, -1)))),
        Subject(name="loops-permuted", run=with_product(summed(_shuffled))),
        Subject(name="blocked-sums", run=with_product(_blocked)),
        Subject(name="pairwise-sums", run=with_product(_pairwise)),
        Subject(name="compensated-sums", run=with_product(_compensated)),
        Subject(name="exact-sums", run=with_product(_exactly_summed)),
        Subject(name="products-in-float64", run=with_product(_in_float64)),
        Subject(name="einsum", run=with_product(_einsum)),
        Subject(name="fortran-products", run=with_product(_fortran)),
        Subject(name="fortran-answers", run=_as_fortran),
        Subject(name="sample-by-sample", run=_sample_by_sample),
        Subject(name="in-double", run=_in_double),
        Subject(name="in-place-update", run=Machine(update=_in_place)),
        Subject(name="sigmoid-by-tanh", run=Machine(activate=_sigmoid_by_tanh), skips=("saturated-output",)),
        Subject(name="tanh-by-sigmoid", run=Machine(activate=_tanh_by_sigmoid)),
        Subject(name="slopes-from-net-inputs", run=Machine(slope=_slope_from_z)),
        Subject(name="unfused-losses", run=Machine(delta_at_output=_unfused), conventions=MODERATE),
        Subject(
            name="weights-in-out",
            run=_turned(weights=True, samples=False),
            conventions=Conventions(weight_layout="in_out"),
        ),
        Subject(
            name="samples-in-columns", run=_turned(weights=False, samples=True), conventions=Conventions(batch_axis=1)
        ),
        Subject(name="mean", run=Machine(), conventions=Conventions(reduction="mean", output_reduction="mean")),
        Subject(
            name="mean-with-sample-deltas", run=Machine(), conventions=Conventions(reduction="mean", delta_of="sample")
        ),
        Subject(name="half", run=Machine(), conventions=Conventions(loss_factor=0.5)),
        Subject(name="weights-only", run=Machine(shows=("weights", "biases"))),
        Subject(name="gradients-only", run=Machine(shows=("weight_gradients", "bias_gradients"))),
        Subject(
            name="tf32-operands", run=with_product(rounded_operands(11)), conventions=Conventions(precision="tf32")
        ),
        Subject(
            name="bfloat16-operands",
            run=with_product(rounded_operands(8)),
            conventions=Conventions(precision="bfloat16"),
        ),
    )
}
