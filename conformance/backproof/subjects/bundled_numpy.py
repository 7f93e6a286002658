"""The bundled NumPy implementation as a subject: `backproof_numpy`, driven through its public API."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof_numpy import Layer, Network


def make_subject(device: str = "cpu") -> Subject:
    """Return `backproof_numpy` as a subject (it runs on the CPU, whatever the device)."""
    del device
    try:
        found = version("backproof")
    except PackageNotFoundError:
        found = ""
    return Subject(name="numpy", run=train, version=found, conventions=Conventions(kink="left"))


def train(case: Case) -> list[dict[str, Any]]:
    """Train the network of a case as its batches say, and show everything after each update."""
    conventions = case.conventions
    averaged = conventions.output_reduction == "mean" and case.loss != "cross_entropy"
    network = Network(
        [
            Layer(la.weights, la.biases, mask=la.mask, activation=la.activation.name, **dict(la.activation.parameters))
            for la in case.layers
        ],
        loss=case.loss,
        loss_factor=conventions.loss_factor if case.loss == "squared" else 1.0,
        reduction="mean" if conventions.reduction == "mean" else "sum",
        output_reduction="mean" if averaged else "sum",
    )
    records = []
    for batch in case.batches:
        rows = list(batch)
        step = network.step(case.x[rows], case.y[rows], case.learning_rate).copy()
        records.append(
            {
                "net_inputs": step.net_inputs,
                "activations": step.activations,
                "loss": step.loss,
                "deltas": step.deltas,
                "weight_gradients": step.weight_gradients,
                "bias_gradients": step.bias_gradients,
                "weights": [weights.copy() for weights in network.weights],
                "biases": [None if biases is None else biases.copy() for biases in network.biases],
            }
        )
    return records
