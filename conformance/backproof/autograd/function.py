"""A subject made of a torch.autograd.Function: the user's forward and backward of one step, within whole networks.

    net = backproof.from_function(MySigmoid, replaces="sigmoid")      # MySigmoid.apply(z)
    net = backproof.from_function(MyLinear, replaces="linear")        # MyLinear.apply(a, weights, biases or None)

Every other step is torch's own. An activation with parameters is handed them by position, as in the case's order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from backproof.autograd.functional import ACCURATE, AS_USERS_WRITE_IT
from backproof.autograd.module import from_module
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import UsageError
from backproof_spec import RULES

LINEAR = "linear"
OUTPUTS = ("identity", "sigmoid", "softmax")


def from_function(function: Any, *, replaces: str, **declarations: Any) -> Subject:
    """Return the subject whose networks use a custom autograd function for one step.

    function: a subclass of torch.autograd.Function (or any function of tensors); replaces: the activation that it
    computes, or "linear" for z = W a + b; declarations: those of `from_module`. Where an activation is replaced, the
    cases are those whose activations are this one and identity, sigmoid or softmax, unless `activations` says other.
    Raises UsageError for a step that is not known.
    """
    if replaces != LINEAR and replaces not in RULES:
        msg = f"from_function: unknown step {replaces!r} to replace; the known ones are {LINEAR}, {', '.join(RULES)}"
        raise UsageError(msg)
    apply = getattr(function, "apply", function)
    if not callable(apply):
        msg = f"from_function: expected a subclass of torch.autograd.Function; {type(function).__name__} came"
        raise UsageError(msg)

    def build(case: Case) -> nn.Module:
        return _Network(case, apply, replaces)

    named: dict[str, Any] = {"name": getattr(function, "__name__", type(function).__name__)}
    if replaces != LINEAR:
        named["activations"] = sorted({replaces, *OUTPUTS})
    return from_module(build, **{**named, **declarations})


# What stands around a user's function must not deviate by itself: torch's own softplus does, above its threshold.
AROUND = {**AS_USERS_WRITE_IT.activations, "softplus": ACCURATE.activations["softplus"]}


class _Layer(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """One layer's net input."""

    def __init__(self, weights: Any, biases: Any, apply: Callable[..., Tensor]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weights))
        self.bias = None if biases is None else nn.Parameter(torch.tensor(biases))
        self.apply_to = apply

    def forward(self, below: Tensor) -> Tensor:
        """Return z of a batch."""
        return self.apply_to(below, self.weight, self.bias)


class _Network(nn.Module):  # type: ignore[misc]  # likewise
    """The network of a case, one step of it replaced."""

    def __init__(self, case: Case, apply: Callable[..., Tensor], replaces: str) -> None:
        super().__init__()
        self.rules = [layer.activation for layer in case.layers]
        linear = apply if replaces == LINEAR else nn.functional.linear
        self.layers = nn.ModuleList(_Layer(layer.weights, layer.biases, linear) for layer in case.layers)
        self.replaced, self.custom = replaces, apply

    def forward(self, x: Tensor) -> Tensor:
        """Return the activations of the output layer."""
        for rule, layer in zip(self.rules, self.layers, strict=True):
            z, parameters = layer(x), dict(rule.parameters)
            if rule.name == self.replaced:
                x = self.custom(z, *parameters.values())
            else:
                x = AROUND[rule.name](z, **parameters)
        return x
