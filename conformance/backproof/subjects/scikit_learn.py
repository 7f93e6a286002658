"""scikit-learn's MLPClassifier and MLPRegressor as a subject: the real package, trained through its own partial_fit.

Initial weights are set, regularisation and momentum are off, one update is read back; activations and deltas come
from its private `_backprop` at the same weights. Its deltas carry no 1/n (delta_of=sample).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from backproof.case import Case
from backproof.conventions import Conventions
from backproof.door import Subject

HIDDEN = {"identity": "identity", "sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}


def make_subject(device: str = "cpu") -> Subject:
    """Return scikit-learn's multilayer perceptrons as a subject (they run on the CPU, whatever the device)."""
    del device
    return Subject(
        name="scikit-learn",
        run=_train,
        version=sklearn.__version__,
        conventions=Conventions(loss_factor=0.5, reduction="mean", delta_of="sample", weight_layout="in_out"),
        activations=(*HIDDEN, "softmax"),
        skips=("masked", "no-biases", "mixed-activations", "soft-labels", "general-output-delta", "two-classes"),
    )


def _estimator(case: Case, batch_size: int) -> Any:
    kind = MLPRegressor if case.loss == "squared" else MLPClassifier
    hidden = case.layers[0].activation.name if case.depth > 1 else "identity"
    return kind(
        hidden_layer_sizes=case.widths[1:-1],
        activation=HIDDEN[hidden],
        solver="sgd",
        alpha=0.0,
        batch_size=batch_size,
        learning_rate="constant",
        learning_rate_init=case.learning_rate,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=0,
    )


def _fit_once(model: Any, case: Case, x: Any, y: Any) -> None:
    if case.loss == "squared":
        model.partial_fit(x, y[:, 0] if y.shape[1] == 1 else y)
    elif case.loss == "cross_entropy":
        model.partial_fit(x, y.argmax(axis=1), classes=np.arange(y.shape[1]))
    else:
        labels = y.astype(int)
        several = y.shape[1] > 1
        model.partial_fit(x, labels if several else labels[:, 0], classes=np.arange(y.shape[1] if several else 2))


def _train(case: Case) -> list[dict[str, Any]]:
    weights = [layer.weights for layer in case.layers]
    biases = [layer.biases for layer in case.layers]
    records = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        model = _estimator(case, len(batch))
        _fit_once(model, case, x, y)
        model.coefs_, model.intercepts_ = [w.copy() for w in weights], [b.copy() for b in biases]
        del model._optimizer  # it holds the parameters that the first call drew  # noqa: SLF001
        activations: list[Any] = [x, *[None] * case.depth]
        deltas: list[Any] = [None] * case.depth
        gradients = [np.empty_like(w) for w in weights], [np.empty_like(b) for b in biases]
        model._backprop(x, y, None, activations, deltas, *gradients)  # noqa: SLF001 - it has no public way to see deltas
        _fit_once(model, case, x, y)
        weights, biases = model.coefs_, model.intercepts_
        records.append(
            {
                "activations": activations[1:],
                "loss": model.loss_,
                "deltas": deltas,
                "weight_gradients": gradients[0],
                "bias_gradients": gradients[1],
                "weights": [w.copy() for w in weights],
                "biases": [b.copy() for b in biases],
            }
        )
    return records
