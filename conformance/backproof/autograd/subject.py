"""The torch subject: PyTorch as its users write it, eager, with autograd and torch.optim.SGD."""

from __future__ import annotations

from typing import Any

import torch

from backproof.autograd.functional import AS_USERS_WRITE_IT, forward, masks, tensors
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import UsageError


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
            "net_inputs": [_shown(z) for z in result.net_inputs],
            "activations": [_shown(a) for a in result.activations],
            "loss": _shown(result.error),
            "deltas": [_shown(z.grad) for z in result.net_inputs],
            "weight_gradients": [_shown(weights.grad) for weights, _ in layers],
            "bias_gradients": [None if biases is None else _shown(biases.grad) for _, biases in layers],
        }
        optimizer.step()
        record["weights"] = [_shown(weights) for weights, _ in layers]
        record["biases"] = [None if biases is None else _shown(biases) for _, biases in layers]
        records.append(record)
    return records


def _shown(tensor: torch.Tensor | None) -> Any:
    return None if tensor is None else tensor.detach().cpu().numpy().copy()
