"""Forms of wrong deltas: labels moved, Jacobians cut short, a product the wrong way round."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants import deltas
from backproof.mutants.forms.form import Form, for_loss
from backproof.mutants.forms.sites import slope_at_output
from backproof.mutants.steps import Here, Step, delta_scale, derivative, stable, unscaled_output_delta
from backproof_spec import activation


def _moved_labels() -> Iterator[Form]:
    """Take the labels of the sample before or after, of the batch or of all, in the deltas, and in the loss as well."""
    for shift, whole, ends, loss in product((1, -1), (False, True), ("round", "stay"), (False, True)):
        wrong = _with_labels(shift, whole=whole, ends=ends)
        yield (("delta_at_output", wrong), ("loss", wrong)) if loss else (("delta_at_output", wrong),)


def _with_labels(shift: int, *, whole: bool, ends: str) -> Step:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Any:
        every = here.y if whole else y
        places = np.arange(len(every)) - shift
        places = places % len(every) if ends == "round" else np.clip(places, 0, len(every) - 1)
        moved = every[places]
        return right(here, moved[list(here.batch)] if whole else moved, z, o)

    return wrong


def _broadcasts() -> Iterator[Form]:
    """Let (n, 1) meet (n,): every output with every label, summed or averaged over either axis."""
    for mean, turned, loss in product((False, True), (False, True), (None, "sum", "mean")):
        form: Form = (("delta_at_output", _every_pair(mean=mean, turned=turned)),)
        yield form if loss is None else (*form, ("loss", _loss_of_pairs(mean=loss == "mean")))
    for loss in ("sum", "mean"):
        yield (
            ("delta_at_output", deltas.labels_broadcast),
            ("loss", _loss_of_pairs(mean=loss == "mean")),
        )


def _every_pair(*, mean: bool, turned: bool) -> Step:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        if o.shape[1] != 1:
            return right(here, y, z, o)
        share = 1 / len(o) if mean else 1.0
        ones = np.ones_like(y)
        one, other = (o.sum(), len(o) * y) if turned else (len(o) * o, y.sum())
        # dJ/dz is linear in o - y for the three pairs: its slope is what it is for an error of 1.
        unit = right(here, o - ones, z, o)
        return np.asarray(here.number(share) * (one - other) * unit)

    return wrong


def _loss_of_pairs(*, mean: bool) -> Step:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Any:
        if o.shape[1] != 1:
            return right(here, y, z, o)
        total = sum(right(here, np.roll(y, shift, axis=0), z, o) for shift in range(len(y)))
        return total / o.dtype.type(len(y)) if mean else total

    return wrong


def _softmax_again(*, through: bool) -> Step:
    """Take softmax of the outputs once more in the loss; through: differentiate through it as well."""

    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        if here.rule.elementwise or here.case.loss == "squared":
            return right(here, y, z, o)
        found = stable(here.rule, o) - y
        if through:
            found = o * (found - (o * found).sum(axis=-1, keepdims=True))
        return np.asarray(delta_scale(here) * found)

    return wrong


def _without_fusion(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Leave f' out of a pair that has a special form: dJ/do alone."""
    if here.case.loss == "squared":
        return deltas.without_slope(right, here, y, z, o)
    by_output = (o - y) / (o * (1 - o)) if here.case.loss == "log" else -y / o
    return np.asarray(delta_scale(here) * by_output)


def _error_alone(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Leave f', or softmax's Jacobian, out of a squared loss."""
    return np.asarray(delta_scale(here) * (2 * (o - y))) if here.case.loss == "squared" else right(here, y, z, o)


def _through_again(*, squared: bool, diagonal: bool) -> Step:
    """Multiply the output delta by f', or by softmax's Jacobian, once more; squared: that of a squared loss too.

    diagonal: softmax's Jacobian is taken to be o (1 - o).
    """

    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        found = right(here, y, z, o)
        if here.case.loss == "squared" and not squared:
            return np.asarray(found)
        if here.rule.elementwise:
            return np.asarray(found * derivative(here.rule, z, o))
        across = found * o if diagonal else (o * found).sum(axis=-1, keepdims=True)
        return np.asarray(o * (found - across))

    return wrong


def _fusion_confused(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Multiply the pairs that have a special form by f' (softmax: o (1 - o)), and take dJ/do alone for all others."""
    if here.case.loss == "squared":
        return right(here, y, z, o) if here.rule.name == "identity" else np.asarray(delta_scale(here) * (2 * (o - y)))
    slope = derivative(here.rule, z, o) if here.rule.elementwise else o * (1 - o)
    return np.asarray(right(here, y, z, o) * slope)


def _half_of_one(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    found = delta_scale(here) * unscaled_output_delta(here, y, z, o)
    return np.asarray(found / 2 if here.case.loss == "squared" else found)


def _where_square(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
    return right(here, slopes, w.T if w.shape[0] == w.shape[1] else w, d)


def _other_way(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
    return right(here, slopes, w.reshape(w.shape[::-1]).T, d)


def _bias_columns() -> Iterator[Form]:
    """Take the first columns of [W | b] from the second on, or let the bias column add to every neuron."""

    def behind(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
        b = here.biases[here.layer]
        shifted = w if b is None else np.concatenate([w, b[:, None]], axis=1)[:, 1:]
        return right(here, slopes, shifted, d)

    def added(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
        b = here.biases[here.layer]
        return right(here, slopes, w if b is None else w + b[:, None], d)

    def before(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
        b = here.biases[here.layer]
        first = np.zeros_like(w[:, :1]) if b is None else b[:, None]
        return right(here, slopes, np.concatenate([first, w[:, :-1]], axis=1), d)

    yield (("hidden_delta", before),)
    yield (("hidden_delta", behind),)
    yield (("hidden_delta", added),)


def _means() -> Iterator[Form]:
    """Average over the batch what comes from above, or f', before they are multiplied."""

    def of(values: Array) -> Array:
        return np.broadcast_to(values.mean(axis=0), values.shape)

    yield (("hidden_delta", lambda right, here, slopes, w, d: right(here, slopes, w, of(d))),)
    yield (("hidden_delta", lambda right, here, slopes, w, d: right(here, of(slopes), w, of(d))),)


def _fans() -> Iterator[Form]:
    for axis in (0, 1):
        yield (
            (
                "hidden_delta",
                lambda right, here, slopes, w, d, axis=axis: right(here, slopes, w, d) / d.dtype.type(w.shape[axis]),
            ),
        )


def _of_output() -> Iterator[Form]:
    """Take the output's derivative at z or at a; where that is softmax, o (1 - o), sigmoid's, 1, or the right one."""
    for by_value, softmax in product((False, True), ("softmax", "sigmoid", "identity", None)):
        slope = _output_slope(softmax, by_value=by_value)
        yield (("slope", slope),)


def _output_slope(softmax: str | None, *, by_value: bool) -> Step:
    def wrong(right: Step, here: Here, z: Array, a: Array) -> Array:
        rule = here.case.layers[-1].activation
        if not rule.elementwise:
            if softmax is None:
                return right(here, z, a)
            if softmax == "softmax":
                shares = a if by_value else stable(rule, z)
                return np.asarray(shares * (1 - shares))
            rule = activation(softmax)
        if by_value and rule.rule.by_activation is not None:
            return np.asarray(rule.derivative_by_activation(a))
        return derivative(rule, z, stable(rule, z))

    return wrong


def _by_value(name: str) -> Iterator[Form]:
    """Take another activation's derivative at the value of the own one, in hidden layers, and at the output as well."""
    rule = activation(name)

    def slope(right: Step, here: Here, z: Array, a: Array) -> Array:
        return np.asarray(rule.derivative_by_activation(a))

    yield (("slope", slope),)
    for unfused in (False, True):
        yield ("slope", slope), ("delta_at_output", slope_at_output(slope, also_identity=False, unfused=unfused))


FORMS: dict[str, Any] = {
    "derivative-of-tanh": lambda: _by_value("tanh"),
    "labels-off-by-one": _moved_labels,
    "labels-broadcast": _broadcasts,
    "softmax-jacobian-diagonal": lambda: [(("delta_at_output", for_loss("squared", deltas.softmax_diagonal)),)],
    "softmax-jacobian-missing": lambda: [(("delta_at_output", for_loss("squared", deltas.jacobian_missing)),)],
    "softmax-twice": lambda: [(("delta_at_output", _softmax_again(through=through)),) for through in (True, False)],
    "output-derivative-missing": lambda: [(("delta_at_output", wrong),) for wrong in (_without_fusion, _error_alone)],
    "output-derivative-twice": lambda: [
        *[(("delta_at_output", for_loss(loss, deltas.twice_slope)),) for loss in ("squared", "log")],
        *[
            (("delta_at_output", _through_again(squared=squared, diagonal=diagonal)),)
            for squared, diagonal in product((False, True), repeat=2)
        ],
    ],
    "output-derivative-confused": lambda: [(("delta_at_output", _fusion_confused),)],
    "output-delta-half": lambda: [(("delta_at_output", _half_of_one),)],
    "weights-not-transposed": lambda: [(("hidden_delta", wrong),) for wrong in (_where_square, _other_way)],
    "bias-in-the-delta": _bias_columns,
    "delta-of-the-mean": _means,
    "delta-by-fan-out": _fans,
    "derivative-of-output": _of_output,
}
