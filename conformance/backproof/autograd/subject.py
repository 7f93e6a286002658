"""The torch subject: PyTorch as its users write it, eager, with autograd and torch.optim.SGD."""

from __future__ import annotations

from typing import Any

import torch

from backproof.autograd.functional import AS_USERS_WRITE_IT, forward, masks, tensors
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import UsageError
from backproof.probes import is_large


def make_subject(device: str = "cpu") -> Subject:
    """Return PyTorch on a device as a subject. Raises UsageError when the device is not there."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        msg = f"device {device!r}: torch {torch.__version__} finds no CUDA device; leave --device out, or use cpu"
        raise UsageError(msg)

    def run(case: Case) -> list[dict[str, Any]]:
        return _train(case, device)

    name = "torch" if device == "cpu" else f"torch on {device}"
    return Subject(name=name, run=run, version=str(torch.__version__))


def _train(case: Case, device: str) -> list[dict[str, Any]]:
    layers, x, y = tensors(case, device, getattr(torch, case.dtype))
    parameters = [tensor for pair in layers for tensor in pair if tensor is not None]
    optimizer = torch.optim.SGD(parameters, lr=case.learning_rate)
    edges, records = masks(case, device), []
    shown = _in_place if is_large(case) else _copied
    for batch in case.batches:
        rows = list(batch)
        result = forward(case, layers, x[rows], y[rows], AS_USERS_WRITE_IT)
        for tensor in result.net_inputs:
            tensor.retain_grad()
        optimizer.zero_grad()
        result.error.backward()
        for (weights, _), edge in zip(layers, edges, strict=True):
            if edge is not None and weights.grad is not None:
                weights.grad *= edge
        record = {
            "net_inputs": [shown(z) for z in result.net_inputs],
            "activations": [shown(a) for a in result.activations],
            "loss": _copied(result.error),
            "deltas": [shown(z.grad) for z in result.net_inputs],
            "weight_gradients": [shown(weights.grad) for weights, _ in layers],
            "bias_gradients": [None if biases is None else shown(biases.grad) for _, biases in layers],
        }
        optimizer.step()
        record["weights"] = [shown(weights) for weights, _ in layers]
        record["biases"] = [None if biases is None else shown(biases) for _, biases in layers]
        records.append(record)
    return records


def _copied(tensor: torch.Tensor | None) -> Any:
    return None if tensor is None else tensor.detach().cpu().numpy().copy()


def _in_place(tensor: torch.Tensor | None) -> Any:
    """Return what a large case shows of its one update, where it lies: nothing changes it any more."""
    return None if tensor is None else tensor.detach()
