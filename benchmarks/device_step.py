"""A training step of torch on a device, as its users write it, and what it shows, where it lies."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from backproof.autograd.functional import AS_USERS_WRITE_IT, forward
from backproof.probes.sources import as_source, row_blocks, whole


def step_of(case: Any, device: str, still: float) -> tuple[Callable[[], Any], dict[str, Any]]:
    """Return a step at the learning rate `still`, and what the first one, as the case has it, shows."""
    layers = [(_there(la.weights, device), _there(la.biases, device)) for la in case.layers]
    x, y = (_there(values, device).detach() for values in (case.x, case.y))
    optimizer = torch.optim.SGD([tensor for pair in layers for tensor in pair], lr=case.learning_rate)

    def step() -> Any:
        result = forward(case, layers, x, y, AS_USERS_WRITE_IT)
        for tensor in result.net_inputs:
            tensor.retain_grad()
        optimizer.zero_grad()
        result.error.backward()
        optimizer.step()
        return result

    shown = step()
    answer = {
        "net_inputs": [z.detach() for z in shown.net_inputs],
        "activations": [a.detach() for a in shown.activations],
        "deltas": [z.grad for z in shown.net_inputs],
        "loss": shown.error.detach().cpu().numpy(),
        "weight_gradients": [w.grad for w, _ in layers],
        "bias_gradients": [b.grad for _, b in layers],
        "weights": [w.detach().clone() for w, _ in layers],
        "biases": [b.detach().clone() for _, b in layers],
    }
    optimizer.param_groups[0]["lr"] = still
    return step, answer


def _there(values: Any, device: str) -> torch.Tensor:
    """Return what a source gives as one tensor, never whole in memory."""
    source = as_source(values)
    kind = getattr(torch, source.dtype.name)
    if len(source.shape) == 1:
        return torch.tensor(whole(source), dtype=kind, device=device, requires_grad=True)
    found = torch.empty(source.shape, dtype=kind, device=device)
    for start, stop in row_blocks(source.shape, 1 << 24):
        found[start:stop] = torch.from_numpy(source.rows(start, stop).copy())
    return found.requires_grad_()


def clock() -> float:
    """Return the wall time in seconds, when the device has done all it was asked for."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def peak_of(call: Callable[[], Any]) -> int:
    """Return the peak of what torch allocates on the CUDA device during a call, in bytes beyond what was there."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    return torch.cuda.max_memory_allocated() - before
