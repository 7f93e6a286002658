"""What a person reads of a finding: one sentence that says what, where, got, expected, and the tolerance."""

from __future__ import annotations

from backproof.case import Case
from backproof.judge.findings import Finding, Judged
from backproof_spec import get_clause

NOUNS = {
    "net_inputs": "net input",
    "activations": "activation",
    "deltas": "delta",
    "weight_gradients": "weight gradient",
    "bias_gradients": "bias gradient",
    "weights": "weight after the update",
    "biases": "bias after the update",
    "loss": "loss",
}
FROM = {
    "net_inputs": "your own weights, biases and activations of the layer before",
    "activations": "your own net inputs",
    "loss": "your own outputs",
    "deltas": "your own net inputs, weights and deltas of the next layer",
    "weight_gradients": "your own deltas and activations",
    "bias_gradients": "your own deltas",
    "weights": "your own gradients and the weights before the update",
    "biases": "your own gradients and the biases before the update",
}
SPECIAL_FORMS = {
    ("identity", "squared"): "E23 `regression-output-delta`",
    ("sigmoid", "log"): "E24 `binary-output-delta`",
    ("softmax", "cross_entropy"): "E25 `multiclass-output-delta`",
}


def tell(finding: Finding, case: Case) -> str:
    """Return the sentence that tells a deviation."""
    clause = get_clause(finding.clause)
    name = f"{clause.id} `{clause.slug}`{_special(finding, case)}"
    if finding.judged is Judged.BEHAVIOUR:
        return f"The loss you report is not the loss whose gradient you use ({name}): {finding.message}."
    if finding.clause.startswith("M"):
        return f"Update {finding.step} is not {name}: {finding.message}."
    subject = f"Your {NOUNS[finding.quantity]}{_layer(finding)}"
    if finding.message:
        return f"{subject} breaks {name}{_place(finding)}: {finding.message}."
    source = FROM[finding.quantity] if finding.judged is Judged.LOCAL else finding.source
    if finding.quantity == "deltas" and finding.layer == case.depth and finding.judged is Judged.LOCAL:
        source = "your own net inputs and the labels"
    recovered = " (recovered from your updated parameters)" if finding.recovered else ""
    return (
        f"{subject}{recovered} is not {name}:{_place(finding)} it is {_number(finding.got)}, the equation gives "
        f"{_number(finding.expected)} from {source} (tolerance {_number(finding.tolerance, 2)})."
    )


def _layer(finding: Finding) -> str:
    return f" of layer {finding.layer}" if finding.layer else ""


def _special(finding: Finding, case: Case) -> str:
    if finding.clause == "E22":
        form = SPECIAL_FORMS.get((case.layers[-1].activation.name, case.loss))
        return f" (here {form})" if form else ""
    if finding.clause == "E17" and finding.layer and case.layers[finding.layer - 1].activation.name == "sigmoid":
        return " (here E21 `sigmoid-delta-rule`)"
    return ""


def _place(finding: Finding) -> str:
    update = f" in update {finding.step}," if finding.step > 1 else ""
    if finding.quantity in ("net_inputs", "activations", "deltas") and len(finding.index) == 2:  # noqa: PLR2004 - [sample, neuron]
        return f"{update} at sample {finding.index[0]}, neuron {finding.index[1]}"
    if finding.index:
        return f"{update} at [{', '.join(map(str, finding.index))}]"
    return update.rstrip(",")


def _number(value: float | None, digits: int = 10) -> str:
    return "nothing" if value is None else f"{value:.{digits}g}"
