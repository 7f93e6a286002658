"""mlxtend's MultiLayerPerceptron as a subject: the real class, trained through its own fit.

One epoch of one mini-batch is one update; initial weights are set, and regularisation and momentum are off by default.
Net inputs and activations come from its own `_feedforward`, before the update. It takes the gradient of the sum over
the samples; the loss it reports is `cost_`, taken after the update (loss_at=after) and documented as "the mean
categorical cross entropy cost after each epoch".
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from mlxtend.classifier import MultiLayerPerceptron

from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject


def make_subject(device: str = "cpu") -> Subject:
    """Return mlxtend's multilayer perceptron as a subject (it runs on the CPU, whatever the device)."""
    del device
    return Subject(
        name="mlxtend",
        run=_train,
        version=version("mlxtend"),
        conventions=Conventions(weight_layout="in_out", loss_at="after"),
        activations=("sigmoid", "softmax"),
        losses=("cross_entropy",),
        dtypes=("float64",),
        skips=("masked", "no-biases", "no-hidden-layer", "several-hidden-layers", "soft-labels"),
        narrow=("sigmoid-softmax",),
    )


def _train(case: Case) -> list[dict[str, Any]]:
    hidden, outer = case.layers
    model = MultiLayerPerceptron(
        eta=case.learning_rate, epochs=1, hidden_layers=[case.widths[1]], n_classes=case.widths[2], random_seed=0
    )
    model.w_ = {"1": hidden.weights.copy(), "out": outer.weights.copy()}  # it updates them in place
    model.b_ = {"1": hidden.biases.copy(), "out": outer.biases.copy()}
    model._decr_eta, model.cost_ = model.eta, []  # noqa: SLF001 - fit sets it only together with random weights
    records = []
    for batch in case.batches:
        x, y = case.x[batch], case.y[batch]
        net_hidden, hidden_out, net_out, out = model._feedforward(x)  # noqa: SLF001 - it has no public way to see them
        model.fit(x, y.argmax(axis=1), init_params=False)
        records.append(
            {
                "net_inputs": [net_hidden, net_out],
                "activations": [hidden_out, out],
                "loss": model.cost_[-1],
                "weights": [model.w_["1"].copy(), model.w_["out"].copy()],
                "biases": [model.b_["1"].copy(), model.b_["out"].copy()],
            }
        )
    return records
