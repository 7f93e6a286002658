"""The forms that every mutant of a step has: where the mistake sits, whether it is shown, what is consistent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.forms.form import Form, at_net_input, for_loss, in_layers, right_update
from backproof.mutants.forms.losses import loss_of_outputs
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step, delta_scale, derivative, net_input

WHERE = ("all", "hidden", "output")


def forms_of_step(mutant: Mutant) -> Iterator[Form]:
    """Yield the forms that every mutant of this one's step has."""
    yield from STEPS.get(mutant.step, lambda _: ())(mutant)
    if mutant.also:
        yield ((mutant.step, mutant.wrong),)


def _slopes(mutant: Mutant) -> Iterator[Form]:
    for also_identity, unfused in product((False, True), (False, True)):
        yield (
            ("slope", mutant.wrong),
            ("delta_at_output", slope_at_output(mutant.wrong, also_identity=also_identity, unfused=unfused)),
        )


def slope_at_output(slope: Any, *, also_identity: bool, unfused: bool, softmax: bool = False) -> Step:
    """Return the output delta with the wrong slope; unfused: log loss too goes through dJ/do; softmax: as all others.

    A cross-entropy stays as it is.
    """

    def wrong(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
        rule, squared = here.rule, here.case.loss == "squared"
        fused = not squared and not (unfused and rule.elementwise)
        if fused or not (rule.elementwise or softmax) or (rule.name == "identity" and not also_identity):
            return right(here, y, z, o)
        by_output = 2 * (o - y) if squared else (o - y) / (o * (1 - o))
        found = slope(lambda here, z, a: derivative(here.rule, z, a), here, z, o)
        return np.asarray(delta_scale(here) * by_output * found)

    return wrong


def _activations(mutant: Mutant) -> Iterator[Form]:
    """Yield an activation that is wrong, with f' at the right z or from the wrong a, shown or used only."""
    yield from activation_forms(mutant.wrong)


def activation_forms(wrong: Any) -> Iterator[Form]:
    """Yield the places of a wrong activation."""
    by_z = slope_at_output(at_net_input, also_identity=False, unfused=False)
    slopes: tuple[Form, ...] = (
        (),
        (("slope", at_net_input),),
        (("slope", at_net_input), ("delta_at_output", by_z)),
    )
    losses: tuple[Form, ...] = ((), (("loss", loss_of_outputs),))
    for where, slope, loss in product(WHERE, slopes, losses):
        yield ("activate", in_layers(where, wrong)), *slope, *loss
    for in_gradient, slope in product((True, False), slopes):
        form: Form = (("net_input", _used(wrong)), *slope)
        yield (*form, ("gradient", _used_in_gradient(wrong))) if in_gradient else form


def _below(wrong: Any, here: Here, previous: Array) -> Array:
    """Return the wrong activation of the layer below, computed once an update, where the right one is shown."""
    if here.layer == 1:
        return previous
    key = ("used", here.update, here.layer)
    if key not in here.memory:
        here.layer -= 1
        here.memory[key] = wrong(lambda here, z: previous, here, here.net_inputs[here.layer - 1])
        here.layer += 1
    found: Array = here.memory[key]
    return found


def _used(wrong: Any) -> Step:
    def used(right: Step, here: Here, w: Array, b: Array | None, previous: Array) -> Array:
        return right(here, w, b, _below(wrong, here, previous))

    return used


def _used_in_gradient(wrong: Any) -> Step:
    def used(right: Step, here: Here, delta: Array, previous: Array) -> Array:
        return right(here, delta, _below(wrong, here, previous))

    return used


def _net_inputs(mutant: Mutant) -> Iterator[Form]:
    yield from net_input_forms(mutant.wrong)


def net_input_forms(wrong: Any) -> Iterator[Form]:
    """Yield the places of a wrong net input: shown, or used in the activation only."""
    for where in WHERE[1:]:
        yield (("net_input", in_layers(where, wrong)),)

    def hidden(right: Step, here: Here, z: Array) -> Array:
        below = here.weights[here.layer - 1], here.biases[here.layer - 1], here.activations[here.layer - 1]
        return right(here, wrong(net_input, here, *below))

    yield (("activate", hidden),)
    yield ("activate", hidden), ("slope", at_net_input)


def _updates(mutant: Mutant) -> Iterator[Form]:
    yield ("update", mutant.wrong), ("bias_update", right_update)


def _losses(mutant: Mutant) -> Iterator[Form]:
    for loss in ("squared", "log", "cross_entropy"):
        yield (("loss", for_loss(loss, mutant.wrong)),)


def _hidden_deltas(mutant: Mutant) -> Iterator[Form]:
    if "-through-" in mutant.name:
        yield ("hidden_delta", mutant.wrong), ("delta_at_output", mutant.wrong)


def consistent(name: str, function: Any, slope: Any) -> Iterator[Form]:
    """Yield an activation that is wrong, with its own derivative: in hidden layers, and at the output as well."""

    def value(right: Step, here: Here, z: Array) -> Array:
        return np.asarray(function(here, z), dtype=z.dtype) if here.rule.name == name else right(here, z)

    def by_net_input(right: Step, here: Here, z: Array, a: Array) -> Array:
        return np.asarray(slope(here, z), dtype=z.dtype) if here.rule.name == name else right(here, z, a)

    yield ("activate", value), ("slope", by_net_input)
    at_output = slope_at_output(by_net_input, also_identity=False, unfused=False)
    yield ("activate", value), ("slope", by_net_input), ("delta_at_output", at_output)
    yield from activation_forms(value)


STEPS: dict[str, Any] = {
    "slope": _slopes,
    "activate": _activations,
    "net_input": _net_inputs,
    "update": _updates,
    "loss": _losses,
    "hidden_delta": _hidden_deltas,
}
