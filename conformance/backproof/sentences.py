"""What a person reads of a finding: one sentence that says what, where, got, expected, and the tolerance."""

from __future__ import annotations

from collections.abc import Collection

from backproof.case import Case
from backproof.judge.findings import Finding, Judged
from backproof_spec import SPECIAL_FORMS, clause_of, get_clause

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


BEHAVIOUR = {
    "B-own-loss": "The loss you report is not the loss whose gradient you use",
    "B-inputs": "You write into what you are handed",
    "B-repeat": "The same call twice does not show the same",
    "B-state": "A call after other calls does not show the same",
    "B-memory": "The same numbers in another memory order do not show the same",
    "B-permuted": "A batch in another order does not show the same",
    "B-concatenated": "A batch does not show the sum of what its two halves show",
    "B-zero-error": "Outputs that equal their labels do not leave everything as it is",
}


NEEDS = {
    "net_inputs": {"activations"},
    "activations": {"net_inputs"},
    "loss": {"activations"},
    "deltas": {"net_inputs", "deltas"},
    "weight_gradients": {"deltas", "activations"},
    "bias_gradients": {"deltas"},
    "weights": {"weight_gradients"},
    "biases": {"bias_gradients"},
}

BOTH = frozenset({"net_inputs", "activations"})
# What the forward propagation gives for a quantity, and by which of its quantities it is seen.
FORWARD = {
    "net_inputs": ("activations", BOTH),
    "activations": ("net inputs", frozenset({"net_inputs"})),
    "loss": ("outputs", frozenset({"activations"})),
    "deltas": ("net inputs", BOTH),
    **dict.fromkeys(("weight_gradients", "bias_gradients", "weights", "biases"), ("activations", BOTH)),
}


def tell(finding: Finding, case: Case, shown: Collection[str] | None = None) -> str:
    """Return the sentence that tells a deviation; shown: the quantities that the subject shows (None: all)."""
    clause = get_clause(finding.clause)
    name = f"{clause.id} `{clause.slug}`{_special(finding, case)}"
    if finding.judged is Judged.BEHAVIOUR:
        return f"{BEHAVIOUR[finding.clause]} ({name}): {_answers(finding)}{finding.message}."
    if finding.clause.startswith("M"):
        return f"Update {finding.step} is not {name}: {finding.message}."
    subject = f"Your {NOUNS[finding.quantity]}{_layer(finding)}"
    if finding.judged is Judged.PRESENCE:
        return f"{subject} cannot be judged by {name}{_place(finding)}: {finding.message}."
    if finding.message:
        return f"{subject} breaks {name}{_place(finding)}: {finding.message}."
    source = FROM[finding.quantity] if finding.judged is Judged.LOCAL else finding.source
    if finding.judged is Judged.PROBE:
        source = f"{FROM[finding.quantity]}, judged by {finding.source}"
    missing = sorted(NEEDS[finding.quantity] - set(shown)) if shown is not None else []
    if missing and finding.judged is Judged.LOCAL:
        source = "what you show, the rest recomputed"
    elif finding.quantity == "deltas" and finding.layer == case.depth and finding.judged is Judged.LOCAL:
        source = "your own net inputs and the labels"
    recovered = " (recovered from your updated parameters)" if finding.recovered else ""
    blame = "" if shown is None or finding.judged is not Judged.LOCAL else _as_well(finding, case, shown)
    if finding.tolerance == 0 and finding.expected == 0 and finding.quantity in ("weight_gradients", "weights"):
        blame = " There is no edge here (the mask is False): its gradient and its weight are exactly 0."
    got, expected = _apart(finding.got, finding.expected)
    return (
        f"{subject}{recovered} is not {name}:{_place(finding)} it is {got}, the equation gives "
        f"{expected} from {source} (tolerance {_number(finding.tolerance, 2)}).{blame}"
    )


def _as_well(finding: Finding, case: Case, shown: Collection[str]) -> str:
    """Return which clauses may be broken instead, because what they give is not shown."""
    hidden: dict[str, tuple[str, ...]] = {}
    noun, forward = FORWARD[finding.quantity]
    single = finding.recovered and len(case.batches[0]) == 1  # the bias gradient is the delta
    if finding.clause == "E11" and "deltas" not in shown and not single:
        hidden["deltas"] = ("E22", "E17")
    if finding.clause != "E26" and not forward & set(shown):
        sigmoid = finding.quantity != "activations" and any(layer.activation.name == "sigmoid" for layer in case.layers)
        hidden[noun] = ("E1", "E18") if sigmoid else ("E1",)
    if not hidden:
        return ""
    *others, last = [clause for clauses in hidden.values() for clause in clauses]
    told = f"{', '.join(others)} or {last}" if others else last
    return f" Your {' and '.join(hidden)} are not shown: it may as well be {told}."


def _layer(finding: Finding) -> str:
    return f" of layer {finding.layer}" if finding.layer else ""


def _special(finding: Finding, case: Case) -> str:
    if finding.clause == "E22":
        form = SPECIAL_FORMS.get((case.layers[-1].activation.name, case.loss))
        return "" if form is None else f" (here {clause_of(form).id} `{clause_of(form).slug}`)"
    if finding.clause == "E17" and finding.layer and case.layers[finding.layer - 1].activation.name == "sigmoid":
        return " (here E21 `sigmoid-delta-rule`)"
    return ""


def _answers(finding: Finding) -> str:
    """Return what two answers were, where a finding is about two."""
    if finding.clause == "B-own-loss" or finding.got is None:
        return ""
    what = f"your {NOUNS[finding.quantity]}{_layer(finding)}{_place(finding).rstrip(',')}"
    there, here = _apart(finding.got, finding.expected)
    return f"{what} is {there} there and {here} here; "


def _place(finding: Finding) -> str:
    update = f" in update {finding.step}," if finding.step > 1 else ""
    if finding.quantity in ("net_inputs", "activations", "deltas") and len(finding.index) == 2:  # noqa: PLR2004 - [sample, neuron]
        return f"{update} at sample {finding.index[0]}, neuron {finding.index[1]}"
    if finding.index:
        return f"{update} at [{', '.join(map(str, finding.index))}]"
    return update.rstrip(",")


def _apart(got: float | None, expected: float | None) -> tuple[str, str]:
    """Return two numbers that differ, with all digits where ten look alike."""
    digits = 17 if _number(got) == _number(expected) else 10
    return _number(got, digits), _number(expected, digits)


def _number(value: float | None, digits: int = 10) -> str:
    return "nothing" if value is None else f"{value:.{digits}g}"
