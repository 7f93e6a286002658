"""The sentence that tells a deviation: what, where, got, expected, from what, with which tolerance."""

from dataclasses import replace

import pytest
from kit_subjects import one_wrong, right, train

from backproof.api import check
from backproof.catalogue import get_case
from backproof.judge.findings import Finding, Judged, Status
from backproof.sentences import FROM, NOUNS, tell
from backproof.trace import trace

CASE = get_case("tanh-binary")
FINDING = Finding(
    clause="E17",
    quantity="deltas",
    case=CASE.slug,
    dtype="float64",
    step=1,
    layer=2,
    judged=Judged.LOCAL,
    status=Status.DEVIATES,
    index=(4, 2),
    got=0.123456789012,
    expected=-2.5,
    tolerance=1.23456e-16,
    ratio=7.0,
)


def told(case=CASE, **changes):
    return tell(replace(FINDING, **changes), case)


def test_a_delta_is_told_with_layer_sample_neuron_and_numbers():
    assert told() == (
        "Your delta of layer 2 is not E17 `delta-rule`: at sample 4, neuron 2 it is 0.123456789, "
        "the equation gives -2.5 from your own net inputs, weights and deltas of the next layer (tolerance 1.2e-16)."
    )


def test_a_matrix_element_and_a_vector_element_are_told_by_their_indices():
    weight = told(clause="E11", quantity="weight_gradients", index=(3, 1), layer=1)
    assert weight.startswith("Your weight gradient of layer 1 is not E11 `weight-gradient`: at [3, 1] it is ")
    bias = told(clause="E26", quantity="biases", index=(3,), layer=1)
    assert bias.startswith("Your bias after the update of layer 1 is not E26 `gradient-descent`: at [3] it is ")
    assert told(clause="E5", quantity="loss", index=(), layer=0).startswith("Your loss is not E5 `log-loss`: it is ")


@pytest.mark.parametrize("quantity", NOUNS)
def test_every_quantity_has_a_noun_and_a_source(quantity):
    sentence = told(clause="E1", quantity=quantity, layer=1)
    assert NOUNS[quantity] in sentence
    assert FROM[quantity] in sentence


FORMS = [
    ("sigmoid-binary", "E22", 2, "E22 `output-delta` (here E24 `binary-output-delta`)"),
    ("sigmoid-regression", "E22", 2, "E22 `output-delta` (here E23 `regression-output-delta`)"),
    ("sigmoid-multiclass", "E22", 2, "E22 `output-delta` (here E25 `multiclass-output-delta`)"),
    ("tanh-output-squared", "E22", 2, "E22 `output-delta`:"),
    ("sigmoid-binary", "E17", 1, "E17 `delta-rule` (here E21 `sigmoid-delta-rule`)"),
    ("tanh-binary", "E17", 1, "E17 `delta-rule`:"),
]


@pytest.mark.parametrize(("slug", "clause", "layer", "name"), FORMS)
def test_the_special_form_is_named_where_the_case_has_it(slug, clause, layer, name):
    assert name in told(get_case(slug), clause=clause, layer=layer)


def test_the_output_delta_comes_from_net_inputs_and_labels():
    assert "from your own net inputs and the labels (" in told(clause="E22", layer=3)
    assert "from your own net inputs, weights and deltas of the next layer (" in told()


def test_a_later_update_is_named_and_the_first_is_not():
    assert ": in update 3, at sample 4, neuron 2 it is " in told(step=3)
    assert ": in update 3, at [1] it is " in told(step=3, quantity="biases", clause="E26", index=(1,))
    assert ": in update 3 it is " in told(step=3, quantity="loss", clause="E5", index=(), layer=0)
    assert "update" not in told()


def test_a_recovered_value_says_so():
    assert "Your delta of layer 2 (recovered from your updated parameters) is not " in told(recovered=True)
    assert "recovered" not in told()


def test_an_end_to_end_finding_names_its_oracle():
    sentence = told(judged=Judged.END_TO_END, source="autograd on cpu in float64")
    assert "the equation gives -2.5 from autograd on cpu in float64 (" in sentence


def test_a_message_takes_the_place_of_the_numbers():
    assert told(message="shape (3,) instead of (5, 3)", index=(), judged=Judged.PRESENCE) == (
        "Your delta of layer 2 cannot be judged by E17 `delta-rule`: shape (3,) instead of (5, 3)."
    )
    assert told(message="nan is not a finite number", judged=Judged.PRESENCE) == (
        "Your delta of layer 2 cannot be judged by E17 `delta-rule` at sample 4, neuron 2: nan is not a finite number."
    )


def test_numbers_that_look_alike_have_all_their_digits():
    sentence = told(got=0.1, expected=0.1 + 2**-54)
    assert "it is 0.10000000000000001, the equation gives 0.10000000000000006 from" in sentence
    assert "it is 0.1, the equation gives 0.2 from" in told(got=0.1, expected=0.2)


def test_a_missing_number_is_nothing():
    assert "it is nothing, the equation gives nothing" in told(got=None, expected=None)


def test_the_own_loss_is_told_in_its_own_words():
    sentence = told(clause="B-own-loss", quantity="loss", layer=0, judged=Judged.BEHAVIOUR, message="half of it")
    assert sentence == (
        "The loss you report is not the loss whose gradient you use (B-own-loss `own-reported-loss`): half of it."
    )


def test_a_real_deviation_is_told_where_it_was_made():
    result = check(one_wrong, [CASE], autograd=False)
    sentence = tell(result.judged.first_deviation, CASE)
    assert sentence.startswith("Your delta of layer 2 is not E17 `delta-rule`: at sample 4, neuron 2 it is ")


def test_a_real_deviation_of_the_loss_is_told_as_such():
    half = replace(right, run=lambda case: train(case, change=_half_the_loss))
    findings = check(half, [CASE], autograd=False).judged.deviations
    sentences = [tell(finding, CASE) for finding in findings]
    assert sentences[0].startswith("Your loss is not E5 `log-loss`: it is ")
    assert any("not the loss whose gradient you use" in sentence for sentence in sentences)
    assert not any("delta" in sentence for sentence in sentences)


def _half_the_loss(quantity, layer, values):
    return values / 2 if (quantity, layer) == ("loss", 0) else values


@pytest.mark.parametrize("slug", ["sigmoid-binary", "tanh-output-squared", "tanh-binary", "sigmoid-multiclass"])
def test_the_trace_and_the_sentences_name_the_same_special_forms(slug):
    case = get_case(slug)
    for layer, clause in ((case.depth, "E22"), (1, "E17")):
        sentence = told(case, clause=clause, layer=layer)
        line = next(line for line in trace(case) if line.strip().startswith(f"delta1^{layer}"))
        assert line.rpartition("[")[2].strip("]") in sentence


HIDDEN = [
    ("activations", "E18", ("activations",), " Your net inputs are not shown: it may as well be E1."),
    ("activations", "E18", ("activations", "net_inputs"), ""),
    ("loss", "E5", ("loss", "net_inputs"), " Your outputs are not shown: it may as well be E1 or E18."),
    ("loss", "E5", ("loss", "activations"), ""),
    ("deltas", "E17", ("deltas",), " Your net inputs are not shown: it may as well be E1 or E18."),
    ("deltas", "E17", ("deltas", "activations"), ""),
    ("weight_gradients", "E11", ("activations",), " Your deltas are not shown: it may as well be E22 or E17."),
    (
        "weight_gradients",
        "E11",
        ("weight_gradients",),
        " Your deltas and activations are not shown: it may as well be E22, E17, E1 or E18.",
    ),
    ("weight_gradients", "E11", ("deltas", "net_inputs"), ""),
    ("weights", "E26", ("weight_gradients", "weights"), ""),
]


@pytest.mark.parametrize(("quantity", "clause", "shown", "wanted"), HIDDEN)
def test_what_may_be_broken_instead_is_told_where_it_is_not_shown(quantity, clause, shown, wanted):
    finding = replace(FINDING, quantity=quantity, clause=clause)
    sentence = tell(finding, get_case("sigmoid-binary"), (quantity, *shown))
    assert sentence.endswith(f"(tolerance 1.2e-16).{wanted}")
    no_sigmoid = tell(finding, get_case("tanh-regression"), (quantity, *shown))
    assert no_sigmoid.endswith(wanted.replace(", E1 or E18", " or E1").replace(" or E18", ""))


def test_parameters_of_one_kind_alone_are_refused():
    def weights_alone(case):
        return [{name: value for name, value in record.items() if name != "biases"} for record in train(case)]

    (error,) = check(weights_alone, [CASE], autograd=False).report["errors"]
    told = "weights is shown, biases is not: show both (None for a layer without biases), or neither"
    assert told in error["message"]
