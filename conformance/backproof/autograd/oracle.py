"""PyTorch autograd as an oracle: z, a, loss, every delta, gradient and new parameter, by none of our equations."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from backproof.autograd.functional import ACCURATE, forward, masks, tensors
from backproof.balls import Array
from backproof.case import Case
from backproof.walk import Key

KEPT = 256  # cases: each is asked for by the judge, and when the oracles are held against one another


class AutogradOracle:
    """Autograd in one dtype on one device; TF32 is off unless asked for.

    `steps(case)` gives the values of every update by (quantity, layer). Cases with net inputs of exactly 0 before a
    kink are left to the spec: there autograd has a convention of its own.
    """

    def __init__(self, device: str = "cpu", dtype: str = "float64", *, tf32: bool = False) -> None:
        """Name the device and the dtype. Raises ValueError when the device is not there."""
        if device.startswith("cuda") and not torch.cuda.is_available():
            msg = f"device {device!r}: no CUDA device is available to torch {torch.__version__}"
            raise ValueError(msg)
        self.device, self.dtype, self.tf32 = device, dtype, tf32
        self.name = f"autograd on {device} in {dtype}" + (" with TF32" if tf32 else "")
        self._known = lru_cache(maxsize=KEPT)(self._steps)

    @property
    def version(self) -> str:
        """The version of torch."""
        return str(torch.__version__)

    def steps(self, case: Case) -> list[dict[Key, Array]] | None:
        """Return the values of every update of a case, or None for a case with exact zeros at a kink."""
        if "exact-zero" in case.flags:
            return None
        before = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = self.tf32
        try:
            with torch.enable_grad():
                return self._known(case)
        finally:
            torch.backends.cuda.matmul.allow_tf32 = before

    def _steps(self, case: Case) -> list[dict[Key, Array]]:
        layers, x, y = tensors(case, self.device, getattr(torch, self.dtype))
        edges, found = masks(case, self.device), []
        for batch in case.batches:
            rows = list(batch)
            result = forward(case, layers, x[rows], y[rows], ACCURATE)
            parameters = [tensor for pair in layers for tensor in pair if tensor is not None]
            gradients = torch.autograd.grad(result.error, [*result.net_inputs, *parameters])
            deltas, by_parameter = gradients[: case.depth], iter(gradients[case.depth :])
            ratio = float(case.conventions.gradient_scale(len(rows)))
            values: dict[Key, Array] = {("loss", 0): _array(result.error)}
            updated = []
            with torch.no_grad():
                for number, (weights, biases) in enumerate(layers, 1):
                    edge = edges[number - 1]
                    by_weight = next(by_parameter)
                    by_weight = by_weight if edge is None else by_weight * edge
                    values["net_inputs", number] = _array(result.net_inputs[number - 1])
                    values["activations", number] = _array(result.activations[number - 1])
                    values["deltas", number] = _array(deltas[number - 1] / ratio)
                    values["weight_gradients", number] = _array(by_weight)
                    new_weights, new_biases = weights - case.learning_rate * by_weight, None
                    values["weights", number] = _array(new_weights)
                    if biases is not None:
                        by_bias = next(by_parameter)
                        new_biases = biases - case.learning_rate * by_bias
                        values["bias_gradients", number] = _array(by_bias)
                        values["biases", number] = _array(new_biases)
                    updated.append((new_weights, new_biases))
            layers = [
                (weights.requires_grad_(), None if biases is None else biases.requires_grad_())
                for weights, biases in updated
            ]
            if case.conventions.loss_at == "after":
                with torch.no_grad():
                    values["loss", 0] = _array(forward(case, layers, x[rows], y[rows], ACCURATE).error)
            found.append(values)
        return found


def _array(tensor: torch.Tensor) -> Array:
    return np.asarray(tensor.detach().cpu().numpy())


def cuda_device() -> str | None:
    """Return the name of the CUDA device, or None where there is none."""
    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None
