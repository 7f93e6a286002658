"""The forms that one bug takes, for the diagnosis: what a mutant does in one place, people do in several.

A wrong derivative sits in the hidden layers, or at the output as well; momentum has other coefficients; a loss is wrong
for one loss only. The kill matrix runs a mutant as it stands in the catalogue; the diagnosis compares every form.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants import deltas, numerics
from backproof.mutants.machine import (
    Here,
    Machine,
    Step,
    delta_scale,
    derivative,
    gradient_scale,
    stable,
    unscaled_output_delta,
    update,
)
from backproof.mutants.mutant import Mutant
from backproof.mutants.numerics import half_sum
from backproof.mutants.updates import divided
from backproof_spec import activation

Form = tuple[tuple[str, Any], ...]

DECAYS = (0.01, 0.1, 1e-3, 1e-4, 5e-4)
MOMENTA = (0.9, 0.5, 0.95, 0.99)
LIMITS = (1.0, 0.1, 0.5, 5.0, 10.0)
EDGES = (1e-3, 1e-2, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)


def forms(mutant: Mutant, reduction: str) -> Iterator[Machine]:
    """Yield the machine of every form that a mutant has under a reduction, the catalogue's own first."""
    if reduction not in mutant.reductions:
        return
    yield mutant.machine()
    for form in (*_by_step(mutant), *_by_name(mutant), *_by_reduction(mutant, reduction)):
        machine = Machine()
        for step, wrong in form:
            machine = machine.with_step(step, wrong)
        yield machine


def _by_step(mutant: Mutant) -> Iterator[Form]:
    """Yield the forms that every mutant of a step has."""
    wrong = mutant.wrong
    if mutant.step == "slope":
        for also_identity, unfused in product((False, True), (False, True)):
            at_output = _slope_at_output(wrong, also_identity=also_identity, unfused=unfused)
            yield ("slope", wrong), ("delta_at_output", at_output)
    if mutant.step == "activate":
        yield ("activate", wrong), ("slope", _at_net_input)
        yield ("activate", wrong), ("loss", _loss_of_outputs)
    if mutant.also:
        yield ((mutant.step, wrong),)
    if mutant.step == "update":
        yield ("update", wrong), ("bias_update", _right_update)
    if mutant.step == "loss":
        for loss in ("squared", "log", "cross_entropy"):
            yield (("loss", _for_loss(loss, wrong)),)
    if mutant.step == "hidden_delta" and "-through-" in mutant.name:
        yield ("hidden_delta", wrong), ("delta_at_output", wrong)


def _slope_at_output(slope: Any, *, also_identity: bool, unfused: bool) -> Step:
    """Return the output delta with the wrong slope; unfused: log loss too goes through dJ/do."""

    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        rule, squared = here.rule, here.case.loss == "squared"
        if not rule.elementwise or (rule.name == "identity" and not also_identity) or not (squared or unfused):
            return right(here, y, z, o)
        by_output = 2 * (o - y) if squared else (o - y) / (o * (1 - o))
        found = slope(lambda here, z, a: derivative(here.rule, z, a), here, z, o)
        return np.asarray(delta_scale(here) * by_output * found)

    return wrong


def _at_net_input(right: Step, here: Here, z: Array, a: Array) -> Array:
    """Take f' from z, where the machine takes it from a."""
    return right(here, z, stable(here.rule, z))


def _loss_of_outputs(right: Step, here: Here, y: Array, z: Array, o: Array) -> Any:
    """Take the loss from the outputs, whatever they are, where the machine takes it from the net inputs."""
    if here.case.loss == "squared":
        return right(here, y, z, o)
    terms = y * np.log(o)
    if here.case.loss == "log":
        terms = terms + (1 - y) * np.log(1 - o)
    return -here.number(here.case.conventions.error_scale(here.case.loss, o.shape[1], len(o))) * terms.sum()


def _right_update(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
    return update(here, parameters, by_parameter)


def _for_loss(loss: str, wrong: Any) -> Step:
    def only(right: Step, here: Here, *arguments: Any) -> Any:
        return wrong(right, here, *arguments) if here.case.loss == loss else right(here, *arguments)

    return only


def _by_name(mutant: Mutant) -> Iterator[Form]:
    """Yield the further forms of single mutants."""
    found = FORMS.get(mutant.name)
    if found is not None:
        yield from found()


def _by_reduction(mutant: Mutant, reduction: str) -> Iterator[Form]:
    """Yield what a mutant is where the mean is declared: it is divided once more than that."""
    if mutant.name == "gradient-divided-twice" and reduction == "mean":
        once = divided(lambda here: len(here.batch))
        yield ("gradient", once), ("bias_gradient", once)
        yield (("gradient", once),)


def _momenta() -> Iterator[Form]:
    for factor, kind, biases in product(MOMENTA, ("sum", "average", "ahead"), (True, False)):
        form: Form = (("update", _momentum(factor, kind)),)
        yield form if biases else (*form, ("bias_update", _right_update))


def _momentum(factor: float, kind: str) -> Step:
    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        kept, key = parameters.dtype.type(factor), ("momentum", here.layer, parameters.ndim)
        share = 1 - kept if kind == "average" else parameters.dtype.type(1)
        velocity = share * by_parameter + kept * here.memory.get(key, 0)
        here.memory[key] = velocity
        return right(here, parameters, by_parameter + kept * velocity if kind == "ahead" else velocity)

    return wrong


def _decays() -> Iterator[Form]:
    for factor, biases, shown, rated in product(DECAYS, (False, True), (False, True), (True, False)):
        if shown:
            form: Form = (("gradient", _decayed_gradient(factor)),)
            yield form if not biases else (*form, ("bias_gradient", _decayed_bias(factor)))
        else:
            yield (("update", _decayed(factor, biases=biases, rated=rated)),)


def _decayed(factor: float, *, biases: bool, rated: bool) -> Step:
    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        if parameters.ndim == 1 and not biases:
            return right(here, parameters, by_parameter)
        lost = parameters.dtype.type(factor) * parameters
        return right(here, parameters, by_parameter + lost) if rated else right(here, parameters, by_parameter) - lost

    return wrong


def _decayed_gradient(factor: float) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        weights = here.weights[here.layer - 1]
        return np.asarray(right(here, *arguments) + weights.dtype.type(factor) * weights)

    return wrong


def _decayed_bias(factor: float) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        biases = here.biases[here.layer - 1]
        found = right(here, *arguments)
        return np.asarray(found if biases is None else found + biases.dtype.type(factor) * biases)

    return wrong


def _clippings() -> Iterator[Form]:
    for limit in LIMITS:
        yield ("gradient", _clipped(limit)), ("bias_gradient", _clipped(limit))
        yield (("update", _clipped_update(limit)),)
        for together, shown in product((True, False), (True, False)):
            yield (("keep" if shown else "update", _shortened(limit, together=together, shown=shown)),)


def _clipped(limit: float) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Array:
        found = right(here, *arguments)
        return np.asarray(np.clip(found, -limit, limit), dtype=found.dtype)

    return wrong


def _clipped_update(limit: float) -> Step:
    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        return right(here, parameters, np.clip(by_parameter, -limit, limit).astype(by_parameter.dtype))

    return wrong


def _shortened(limit: float, *, together: bool, shown: bool) -> Step:
    """Return gradients cut to a norm: of all together, or of each array; shown: before they are shown."""

    def share(values: list[Array], dtype: Any) -> Any:
        norm = float(np.sqrt(sum(float((value * value).sum()) for value in values)))
        return dtype.type(limit / norm if norm > limit else 1.0)

    def all_of(here: Here) -> list[Array]:
        return [*here.gradients, *(g for g in here.bias_gradients if g is not None)]

    def before(right: Step, here: Here, gradients: list[Array]) -> list[Array]:
        here.gradients = right(here, gradients)
        every = all_of(here)
        here.bias_gradients[:] = [
            None if g is None else share(every if together else [g], g.dtype) * g for g in here.bias_gradients
        ]
        return [share(every if together else [g], g.dtype) * g for g in here.gradients]

    def after(right: Step, here: Here, parameters: Array, g: Array) -> Array:
        return right(here, parameters, share(all_of(here) if together else [g], g.dtype) * g)

    return before if shown else after


def _clipped_logs() -> Iterator[Form]:
    for edge, added in product(EDGES, (False, True)):
        for loss in (None, "log", "cross_entropy"):
            wrong = _clipped_log(edge, added=added)
            yield (("loss", wrong if loss is None else _for_loss(loss, wrong)),)


def _clipped_log(edge: float, *, added: bool) -> Step:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Any:
        if here.case.loss == "squared":
            return right(here, y, z, o)
        small = o.dtype.type(edge)
        inside, outside = (o + small, 1 - o + small) if added else (np.clip(o, small, 1 - small),) * 2
        terms = y * np.log(inside)
        if here.case.loss == "log":
            terms = terms + (1 - y) * np.log(outside if added else 1 - inside)
        conventions = here.case.conventions
        return -here.number(conventions.error_scale(here.case.loss, o.shape[1], len(o))) * terms.sum()

    return wrong


def _shifted_labels() -> Iterator[Form]:
    for shift, whole in product((1, -1), (False, True)):
        yield (("delta_at_output", _shifted(shift, whole=whole)),)


def _shifted(shift: int, *, whole: bool) -> Step:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        moved = np.roll(here.y, shift, axis=0)[list(here.batch)] if whole else np.roll(y, shift, axis=0)
        return right(here, moved, z, o)

    return wrong


def _squared_only(wrong: Step) -> Form:
    return (("delta_at_output", _for_loss("squared", wrong)),)


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


def _where_square(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
    return right(here, slopes, w.T if w.shape[0] == w.shape[1] else w, d)


def _stale_gradients() -> Iterator[Form]:
    for rows, inputs in product((True, False), (True, False)):
        yield (("gradient", _of_stale(rows=rows, inputs=inputs)),)


def _of_stale(*, rows: bool, inputs: bool) -> Step:
    """Return gradients with the activations of the update before; rows: repeated where the batch is larger."""

    def wrong(right: Step, here: Here, delta: Array, previous: Array) -> Array:
        if here.layer == 1 and not inputs:
            return right(here, delta, previous)
        known = here.memory.get(("below", here.layer), previous)
        here.memory["below", here.layer] = previous
        if len(known) != len(delta):
            known = known[np.arange(len(delta)) % len(known)] if rows else previous
        return right(here, delta, known)

    return wrong


def _rereadings() -> Iterator[Form]:
    for whole, back in product((True, False), (True, False)):
        yield (("samples", _reread(whole=whole, back=back)),)


def _reread(*, whole: bool, back: bool) -> Step:
    """Return samples read in the other order of memory; back: rows as columns; whole: before batches are drawn."""

    def turned(x: Array) -> Array:
        return x.ravel().reshape(x.shape, order="F") if back else x.ravel(order="F").reshape(x.shape)

    def wrong(right: Step, here: Here) -> tuple[Array, Array]:
        x, y = right(here)
        return (turned(here.x)[list(here.batch)] if whole else turned(x)), y

    return wrong


def _half_sums() -> Iterator[Form]:
    for weights, biases in product((half_sum, _half_product, _half_steps), (None, _half_bias)):
        yield (("gradient", weights),) if biases is None else (("gradient", weights), ("bias_gradient", biases))


def _half_product(right: Step, here: Here, delta: Array, previous: Array) -> Array:
    found = (delta.astype(np.float16).T @ previous.astype(np.float16)).astype(delta.dtype)
    return _edges(here, found)


def _half_steps(right: Step, here: Here, delta: Array, previous: Array) -> Array:
    total = np.zeros((delta.shape[1], previous.shape[1]), np.float16)
    for d, a in zip(delta.astype(np.float16), previous.astype(np.float16), strict=True):
        total = (total + np.outer(d, a)).astype(np.float16)
    return _edges(here, total.astype(delta.dtype))


def _half_bias(right: Step, here: Here, delta: Array) -> Array:
    total = np.zeros(delta.shape[1], np.float16)
    for d in delta.astype(np.float16):
        total = (total + d).astype(np.float16)
    return np.asarray(gradient_scale(here) * total.astype(delta.dtype))


def _edges(here: Here, found: Array) -> Array:
    found = gradient_scale(here) * found
    return found if here.mask is None else np.where(here.mask, found, found.dtype.type(0))


def _thresholds() -> Iterator[Form]:
    for limit, straight in product((20.0, 10.0, 30.0, 50.0, 1.0), (True, False)):
        form: Form = (("activate", _threshold(limit)),)
        yield (*form, ("slope", _slope_above(limit))) if straight else form


def _threshold(limit: float) -> Step:
    def wrong(right: Step, here: Here, z: Array) -> Array:
        found = right(here, z)
        return np.where(z > limit, z, found).astype(z.dtype) if here.rule.name == "softplus" else found

    return wrong


def _slope_above(limit: float) -> Step:
    def wrong(right: Step, here: Here, z: Array, a: Array) -> Array:
        found = right(here, z, a)
        return np.where(z > limit, 1, found).astype(z.dtype) if here.rule.name == "softplus" else found

    return wrong


def _consistent(name: str, function: Any, slope: Any) -> Iterator[Form]:
    """Yield an activation that is wrong, with its own derivative: in hidden layers, and at the output as well."""

    def value(right: Step, here: Here, z: Array) -> Array:
        return np.asarray(function(z), dtype=z.dtype) if here.rule.name == name else right(here, z)

    def by_net_input(right: Step, here: Here, z: Array, a: Array) -> Array:
        return np.asarray(slope(z), dtype=z.dtype) if here.rule.name == name else right(here, z, a)

    yield ("activate", value), ("slope", by_net_input)
    at_output = _slope_at_output(by_net_input, also_identity=False, unfused=False)
    yield ("activate", value), ("slope", by_net_input), ("delta_at_output", at_output)


def _sigmoid(z: Array) -> Array:
    return stable(activation("sigmoid"), z)


def _quick_gelu(z: Array) -> Array:
    return z * _sigmoid(z.dtype.type(1.702) * z)


def _quick_gelu_slope(z: Array) -> Array:
    s = _sigmoid(z.dtype.type(1.702) * z)
    return s + z.dtype.type(1.702) * z * s * (1 - s)


def _other_gelu() -> Iterator[Form]:
    def other(here: Here) -> Any:
        turned = {"none": "tanh", "tanh": "none"}[dict(here.rule.parameters)["approximate"]]
        return activation("gelu", approximate=turned)

    def value(right: Step, here: Here, z: Array) -> Array:
        return stable(other(here), z) if here.rule.name == "gelu" else right(here, z)

    def slope(right: Step, here: Here, z: Array, a: Array) -> Array:
        return derivative(other(here), z, a) if here.rule.name == "gelu" else right(here, z, a)

    yield ("activate", value), ("slope", slope)


def _hidden_only(cast: Any) -> Form:
    def wrong(right: Step, here: Here, z: Array) -> Array:
        return cast(right(here, z)) if here.layer < here.case.depth else right(here, z)

    return (("activate", wrong),)


def _without_fusion(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Leave f' out of a pair that has a special form: dJ/do alone."""
    if here.case.loss == "squared":
        return deltas.without_slope(right, here, y, z, o)
    by_output = (o - y) / (o * (1 - o)) if here.case.loss == "log" else -y / o
    return np.asarray(delta_scale(here) * by_output)


def _half_of_one() -> Iterator[Form]:
    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        found = delta_scale(here) * unscaled_output_delta(here, y, z, o)
        return np.asarray(found / 2 if here.case.loss == "squared" else found)

    yield (("delta_at_output", wrong),)


def _rows(part: slice) -> Step:
    def wrong(right: Step, here: Here, delta: Array, *rest: Array) -> Array:
        return right(here, delta[part], *(array[part] for array in rest))

    return wrong


def _both(wrong: Any) -> Form:
    return ("gradient", wrong), ("bias_gradient", wrong)


def _rounded_rate(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
    return np.asarray(parameters - here.number(np.float16(here.case.learning_rate)) * by_parameter)


FORMS: dict[str, Any] = {
    "momentum": _momenta,
    "weight-decay": _decays,
    "gradient-clipped": _clippings,
    "log-clipped": _clipped_logs,
    "labels-off-by-one": _shifted_labels,
    "softmax-jacobian-diagonal": lambda: [_squared_only(deltas.softmax_diagonal)],
    "softmax-jacobian-missing": lambda: [_squared_only(deltas.jacobian_missing)],
    "softmax-twice": lambda: [(("delta_at_output", _softmax_again(through=through)),) for through in (True, False)],
    "output-derivative-missing": lambda: [(("delta_at_output", _without_fusion),)],
    "output-delta-half": _half_of_one,
    "weights-not-transposed": lambda: [(("hidden_delta", _where_square),)],
    "gradient-of-stale-activations": _stale_gradients,
    "inputs-reordered": _rereadings,
    "gradients-summed-in-float16": _half_sums,
    "softplus-threshold": _thresholds,
    "gelu-constant": lambda: _consistent("gelu", _quick_gelu, _quick_gelu_slope),
    "gelu-other-approximation": _other_gelu,
    "softplus-constant": lambda: _consistent(
        "softplus", lambda z: np.logaddexp(0, 2 * z) / 2, lambda z: _sigmoid(2 * z)
    ),
    "tanh-scaled": lambda: _consistent(
        "tanh",
        lambda z: z.dtype.type(1.7159) * np.tanh(z),
        lambda z: z.dtype.type(1.7159) * (1 - np.tanh(z) ** 2),
    ),
    "activations-through-float16": lambda: [_hidden_only(numerics.float16)],
    "activations-through-bfloat16": lambda: [_hidden_only(numerics.bfloat16)],
    "gradient-of-one-sample": lambda: [_both(_rows(slice(-1, None)))],
    "bias-gradient-one-sample": lambda: [(("bias_gradient", _rows(slice(-1, None))),)],
    "last-sample-dropped": lambda: [_both(_rows(slice(1, None)))],
    "rate-from-float16": lambda: [(("update", _rounded_rate),)],
    "gradients-through-float32": lambda: [_both(lambda right, here, *rest: numerics.float32(right(here, *rest)))],
}
