"""A subject made of a torch.nn.Module: its layers, its backward pass and its optimizer, as its user wrote them.

    net = backproof.from_module(lambda case: nn.Sequential(nn.Linear(...), nn.Sigmoid(), ...), activations=["sigmoid"])

The case's parameters are copied into the module's layers: the modules that own a two-dimensional parameter `weight`
(n_out, n_in), as nn.Linear does, in the order of `module.modules()`. Shown are loss, gradients and updated parameters,
and net inputs, activations and deltas where every layer is called once, in order, as a module: hooks see those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from backproof.case import Case
from backproof.door import Subject, subject
from backproof.errors import ObservationError, UsageError

Optimizer = Callable[..., torch.optim.Optimizer]
Loss = Callable[[Tensor, Tensor, Case], Tensor]

FIXED = {
    "weight_layout": "torch's layers are (n_out, n_in)",
    "batch_axis": "torch's samples stand in rows",
    "delta_of": "autograd's deltas are those of the error",
}


def from_module(
    build: Callable[[Case], nn.Module],
    *,
    optimizer: Optimizer = torch.optim.SGD,
    loss: Loss | None = None,
    logits: bool = False,
    device: str = "cpu",
    **declarations: Any,
) -> Subject:
    """Return the subject that a function from a case to a module makes.

    build: returns a module whose layers are the case's, in order; optimizer: called with (parameters, lr=...);
    loss: called with (output, y, case), returns E (None: that of the case, under the declared conventions);
    logits: the module ends with the net inputs of the output layer, and the loss is taken from those. Without it the
    loss is taken from activations, which says nothing of saturated outputs: range="moderate" unless declared.
    declarations: those of @backproof.subject. Raises UsageError for a convention that torch leaves no choice of.
    """
    for name, why in FIXED.items():
        if name in declarations:
            msg = f"from_module: leave {name} out: {why}"
            raise UsageError(msg)
    if not callable(build):
        msg = f"from_module: expected a function from a case to a torch.nn.Module; {type(build).__name__} came"
        raise UsageError(msg)
    declared = {
        "name": getattr(build, "__name__", type(build).__name__),
        "version": str(torch.__version__),
        **({} if logits else {"range": "moderate"}),
        **declarations,
    }
    error = loss or (_from_net_inputs if logits else _from_activations)

    def run(case: Case) -> list[dict[str, Any]]:
        return _train(build, optimizer, error, case, device=device, logits=logits)

    made: Subject = subject(**declared)(run).backproof_subject
    return made


@dataclass(eq=False)
class _Watch:
    """What hooks saw of one forward and backward pass, by the layers' places."""

    layers: list[nn.Module]
    calls: list[int] = field(default_factory=list)
    below: dict[int, Tensor] = field(default_factory=dict)
    net_inputs: dict[int, Tensor] = field(default_factory=dict)
    deltas: dict[int, Tensor] = field(default_factory=dict)

    def hook(self, place: int) -> Callable[[nn.Module, Any, Any], None]:
        """Return the forward hook of one layer; clones are kept, since an activation may work in place."""

        def keep(_: nn.Module, inputs: Any, output: Any) -> None:
            self.calls.append(place)
            if not inputs or not isinstance(output, Tensor) or not output.requires_grad:
                return
            self.below[place] = inputs[0].detach().clone()
            self.net_inputs[place] = output.detach().clone()
            output.register_hook(lambda gradient: self.deltas.__setitem__(place, gradient.detach().clone()))

        return keep

    def shown(self, output: Tensor, *, logits: bool) -> dict[str, list[Tensor]]:
        """Return what the hooks saw; nothing of it unless every layer was called once, in order."""
        places = list(range(len(self.layers)))
        if self.calls != places or not list(self.net_inputs) == sorted(self.deltas) == places:
            return {}
        found = {
            "net_inputs": [self.net_inputs[n] for n in places],
            "deltas": [self.deltas[n] for n in places],
        }
        if not logits:
            found["activations"] = [*(self.below[n] for n in places[1:]), output.detach().clone()]
        return found


def _train(
    build: Callable[[Case], nn.Module], optimizer: Optimizer, error: Loss, case: Case, *, device: str, logits: bool
) -> list[dict[str, Any]]:
    dtype = getattr(torch, case.dtype)
    module = build(case)
    if not isinstance(module, nn.Module):
        msg = f"build: expected a torch.nn.Module; {type(module).__name__} came"
        raise ObservationError(msg)
    module = module.to(device=device, dtype=dtype)
    layers = _filled(module, case)
    steps = optimizer([p for p in module.parameters() if p.requires_grad], lr=case.learning_rate)
    masks = [None if la.mask is None else torch.tensor(la.mask, device=device) for la in case.layers]
    records = []
    with torch.enable_grad():
        for batch in case.batches:
            x, y = (torch.tensor(values[batch], dtype=dtype, device=device) for values in (case.x, case.y))
            watch = _Watch(layers)
            hooks = [layer.register_forward_hook(watch.hook(place)) for place, layer in enumerate(layers)]
            output = module(x)
            for hook in hooks:
                hook.remove()
            loss = error(output, y, case)
            steps.zero_grad()
            loss.backward()
            for layer, mask in zip(layers, masks, strict=True):
                if mask is not None and layer.weight.grad is not None:
                    layer.weight.grad *= mask
            record: dict[str, Any] = {
                "loss": loss.detach().clone(),
                "weight_gradients": [_kept(layer.weight.grad) for layer in layers],
                "bias_gradients": [_kept(getattr(_bias(layer), "grad", None)) for layer in layers],
                **watch.shown(output, logits=logits),
            }
            steps.step()
            record["weights"] = [_kept(layer.weight) for layer in layers]
            record["biases"] = [_kept(_bias(layer)) for layer in layers]
            if case.conventions.loss_at == "after":
                record["loss"] = error(module(x), y, case).detach().clone()
            elif case.conventions.loss_at == "none":
                del record["loss"]
            records.append(record)
    return records


def _kept(tensor: Tensor | None) -> Tensor | None:
    """Return a private copy, on the tensor's own device."""
    return None if tensor is None else tensor.detach().clone()


def _bias(layer: Any) -> Tensor | None:
    return getattr(layer, "bias", None)


def _filled(module: nn.Module, case: Case) -> list[Any]:
    """Return the module's layers, holding the case's parameters. Raises ObservationError where they do not fit."""
    layers: list[Any] = [m for m in module.modules() if _a_layer(m)]
    kinds = ", ".join(type(layer).__name__ for layer in layers) or "none"
    if len(layers) != case.depth:
        msg = f"build: expected {case.depth} layers with a weight (n_out, n_in); {len(layers)} came ({kinds})"
        raise ObservationError(msg)
    for number, (layer, given) in enumerate(zip(layers, case.layers, strict=True), 1):
        where = f"build: layer {number} ({type(layer).__name__})"
        if tuple(layer.weight.shape) != given.weights.shape:
            msg = f"{where}: expected a weight of shape {given.weights.shape}; {tuple(layer.weight.shape)} came"
            raise ObservationError(msg)
        bias = _bias(layer)
        if (bias is None) != (given.biases is None):
            expected = "no bias" if given.biases is None else f"a bias of shape {given.biases.shape}"
            came = "none" if bias is None else f"one of shape {tuple(bias.shape)}"
            msg = f"{where}: expected {expected}; {came} came (`case.layers[{number - 1}].biases is None` tells)"
            raise ObservationError(msg)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(given.weights))
            if bias is not None:
                bias.copy_(torch.from_numpy(given.biases))
    return layers


def _a_layer(module: nn.Module) -> bool:
    weight = module._parameters.get("weight")  # noqa: SLF001 - its own, not one that it shares by a property
    return weight is not None and weight.ndim == 2  # noqa: PLR2004 - a matrix


def _from_activations(o: Tensor, y: Tensor, case: Case) -> Tensor:
    """Return E from the activations of the output layer, by the article's formulas."""
    if case.loss == "log":
        total = -(torch.xlogy(y, o) + torch.xlogy(1 - y, 1 - o)).sum()
    elif case.loss == "cross_entropy":
        total = -torch.xlogy(y, o).sum()
    else:
        total = ((o - y) ** 2).sum()
    return _scaled(total, y, case)


def _from_net_inputs(z: Tensor, y: Tensor, case: Case) -> Tensor:
    """Return E from the net inputs of the output layer, as torch's own losses take them."""
    if case.loss == "log":
        total = nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum")
    elif case.loss == "cross_entropy":
        total = nn.functional.cross_entropy(z, y, reduction="sum")
    elif case.layers[-1].activation.name != "identity":
        name = case.layers[-1].activation.name
        msg = f"logits: the squared loss of {name} outputs cannot be taken from net inputs: end the module with {name}"
        raise ObservationError(msg)
    else:
        total = ((z - y) ** 2).sum()
    return _scaled(total, y, case)


def _scaled(total: Tensor, y: Tensor, case: Case) -> Tensor:
    return total * float(case.conventions.error_scale(case.loss, case.widths[-1], len(y)))
