"""A correct implementation made of steps, so that a mutant is that implementation with one step replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.behaviour import (
    concatenated_batch,
    inputs_not_mutated,
    memory_order_irrelevant,
    nothing_kept_between_calls,
    permuted_batch,
    same_call_twice,
    zero_error_zero_update,
)
from backproof.case import Case
from backproof.mutants import steps
from backproof.mutants.steps import Here, Key, Step
from backproof_spec import (
    backpropagation,
    batch_gradient_descent,
    clause_of,
    cross_entropy_loss,
    delta_rule,
    forward_propagation,
    gradient_descent,
    log_loss,
    mini_batch_gradient_descent,
    output_delta,
    sigmoid,
    squared_loss,
    stochastic_gradient_descent,
    weight_gradient,
)

Record = dict[str, Any]

# Which function of the spec each step stands for: the clause that a mutant breaks is read off here.
STANDS_FOR: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "read": (memory_order_irrelevant,),
    "leave": (inputs_not_mutated,),
    "keep": (same_call_twice, nothing_kept_between_calls, permuted_batch, concatenated_batch),
    "exact_zero": (zero_error_zero_update,),
    "batches": (
        batch_gradient_descent,
        stochastic_gradient_descent,
        mini_batch_gradient_descent,
        weight_gradient,
    ),
    "samples": (
        backpropagation,
        forward_propagation,
        batch_gradient_descent,
        stochastic_gradient_descent,
        mini_batch_gradient_descent,
    ),
    "net_input": (forward_propagation,),
    "activate": (forward_propagation, sigmoid),
    "loss": (squared_loss, log_loss, cross_entropy_loss),
    "delta_at_output": (output_delta,),
    "slope": (delta_rule,),
    "hidden_delta": (delta_rule,),
    "deltas_see": (delta_rule,),
    "gradient": (weight_gradient,),
    "bias_gradient": (weight_gradient,),
    "update": (gradient_descent,),
    "bias_update": (gradient_descent,),
}


def clauses_of(step: str) -> tuple[str, ...]:
    """Return the ids of the clauses that a step stands for, by the functions of the spec."""
    return tuple(clause_of(function).id for function in STANDS_FOR[step])


@dataclass(frozen=True)
class Machine:
    """The steps of training; calling it with a case trains the case's network and shows everything.

    bias_update: None takes the step of the weights.
    """

    read: Step = steps.read
    batches: Step = steps.batches
    samples: Step = steps.samples
    net_input: Step = steps.net_input
    activate: Step = steps.activate
    loss: Step = steps.loss
    delta_at_output: Step = steps.delta_at_output
    exact_zero: Step = steps.exact_zero
    slope: Step = steps.slope
    hidden_delta: Step = steps.hidden_delta
    gradient: Step = steps.gradient
    bias_gradient: Step = steps.bias_gradient
    keep: Step = steps.keep
    update: Step = steps.update
    bias_update: Step | None = None
    leave: Step = steps.leave
    deltas_see: str = "weights before"
    shows: tuple[str, ...] | None = None
    kept_for: str = "case"
    kept: dict[Any, dict[Any, Any]] = field(default_factory=dict, init=False)

    def __call__(
        self,
        case: Case,
        follow: Sequence[Mapping[Key, Array]] = (),
        moved: Callable[[Array], Array] | None = None,
    ) -> list[Record]:
        """Return one record for each update.

        follow: what a subject showed, update by update. Every step is then taken at the subject's own values upstream,
        and shows what the machine makes of them. moved: changes every value before the steps behind go on with it.
        """
        here = Here(case, moved=moved, kept=self.kept.setdefault(self._keeper(case), {}))
        records = []
        with np.errstate(all="ignore"):
            here.x, here.y = self.read(here, case.x), self.read(here, case.y)
            weights = [self.read(here, layer.weights) for layer in case.layers]
            biases = [None if layer.biases is None else self.read(here, layer.biases) for layer in case.layers]
            for number, batch in enumerate(self.batches(here), 1):
                here.update, here.batch = number, tuple(batch)
                here.shown = follow[number - 1] if number <= len(follow) else {}
                record, weights, biases = self.one_update(here, weights, biases)
                records.append({key: value for key, value in record.items() if self.shows is None or key in self.shows})
            self.leave(here)
        return records

    def _keeper(self, case: Case) -> tuple[Any, ...]:
        """Return what is kept for: the network of a case, every network of its shape, or all alike."""
        if self.kept_for == "case":
            return case.slug, case.dtype
        return (case.widths, case.dtype) if self.kept_for == "shape" else (case.dtype,)

    def one_update(
        self, here: Here, weights: list[Array], biases: list[Array | None]
    ) -> tuple[Record, list[Array], list[Array | None]]:
        """Return what one update shows, and the parameters after it."""
        x, y = self.samples(here)
        here.weights, here.biases, here.net_inputs, here.activations = weights, biases, [], [x]
        record: Record = {"net_inputs": [], "activations": [], "weights": [], "biases": []}
        for number, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
            here.layer = number
            z = self.net_input(here, w, b, here.activations[-1])
            here.net_inputs.append(here.settle("net_inputs", z))
            a = self.activate(here, here.net_inputs[-1])
            here.activations.append(here.settle("activations", a))
            record["net_inputs"].append(z)
            record["activations"].append(a)
        record["loss"] = self.loss(here, y, here.net_inputs[-1], here.activations[-1])
        record["deltas"] = self.backward(here, y, weights)
        record |= self.gradients_of(here)
        new_weights: list[Array] = []
        new_biases: list[Array | None] = []
        for number, (w, b, g, gb) in enumerate(
            zip(weights, biases, here.gradients, here.bias_gradients, strict=True), 1
        ):
            here.layer = number
            record["weights"].append(self.update(here, w, g))
            record["biases"].append(None if b is None or gb is None else (self.bias_update or self.update)(here, b, gb))
            new = record["biases"][-1]
            new_weights.append(here.settle("weights", record["weights"][-1]))
            new_biases.append(None if new is None else here.settle("biases", new))
        return record, new_weights, new_biases

    def gradients_of(self, here: Here) -> Record:
        """Return the gradients of all layers, and leave behind those that the updates take."""
        gradients: list[Array] = []
        by_bias: list[Array | None] = []
        for number, (delta, previous) in enumerate(zip(here.deltas, here.activations[:-1], strict=True), 1):
            here.layer = number
            gradients.append(self.gradient(here, delta, previous))
            by_bias.append(None if here.biases[number - 1] is None else self.bias_gradient(here, delta))
        here.bias_gradients = by_bias
        gradients = self.keep(here, gradients)
        here.gradients, here.bias_gradients = [], []
        for number, (g, gb) in enumerate(zip(gradients, by_bias, strict=True), 1):
            here.layer = number
            here.gradients.append(here.settle("weight_gradients", g))
            here.bias_gradients.append(None if gb is None else here.settle("bias_gradients", gb))
        return {"weight_gradients": gradients, "bias_gradients": by_bias}

    def backward(self, here: Here, y: Array, weights: list[Array]) -> list[Array]:
        """Return the deltas of all layers, and leave behind those that the gradients take."""
        here.layer = here.case.depth
        deltas = [self.exact_zero(here, self.delta_at_output(here, y, here.net_inputs[-1], here.activations[-1]))]
        here.deltas = [here.settle("deltas", deltas[0])]
        seen = list(weights)
        for number in range(here.case.depth - 1, 0, -1):
            if self.deltas_see != "weights before":
                here.layer = number + 1
                by_weight = self.gradient(here, here.deltas[0], here.activations[number])
                changed = self.update(here, weights[number], by_weight)
                seen[number] = changed if self.deltas_see == "weights after" else weights[number] + changed
            here.layer = number
            slopes = self.slope(here, here.net_inputs[number - 1], here.activations[number])
            deltas.insert(0, self.hidden_delta(here, slopes, seen[number], here.deltas[0]))
            here.deltas.insert(0, here.settle("deltas", deltas[0]))
        return deltas

    def with_step(self, step: str, wrong: Any) -> Machine:
        """Return this machine with one step replaced; wrong(right, here, ...) is handed the step that it replaces."""
        right = getattr(self, step) or self.update

        def replaced(*arguments: Any) -> Any:
            return wrong(right, *arguments)

        changed: dict[str, Any] = {step: wrong if isinstance(wrong, str) else replaced}
        return replace(self, **changed)
