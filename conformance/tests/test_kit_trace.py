"""The trace: every number of a case with the equation that it comes from, in the article's words."""

import re
from dataclasses import replace

import numpy as np
import pytest

from backproof.catalogue import all_cases, get_case
from backproof.catalogue.build import build_case
from backproof.trace import trace

WORKED = list(trace(get_case("worked-example")))


def lines_with(case, word):
    return [line.strip() for line in trace(case) if line.strip().startswith(word)]


def clauses_of(case, word):
    return {re.search(r"\[(.*)\]$", line).group(1) for line in lines_with(case, word)}


def test_the_head_names_the_case_its_network_and_its_rate():
    assert WORKED[0].startswith("worked-example: The article's example")
    assert WORKED[1] == "network 2-3-2-1, log loss, alpha = 0.5, float64"
    assert next(line for line in trace(get_case("tanh-binary", "float32")) if line.startswith("network")).endswith(
        "float32"
    )


ARTICLE = [
    "    z1^1 = 0.5*1 + 0.3 = 0.8    [E1]",
    "    a1^1 = sigmoid(0.8) = 0.689974    [E18]",
    "    z2^1 = -0.2*1 + 0.7 = 0.5    [E1]",
    "    a1^3 = sigmoid(0.716546) = 0.671846    [E18]",
    "    E = 0.397726    [E3, E5]",
    "    delta1^3 = -0.328154    [E24]",
    "    delta1^2 = -0.0409249    [E21]",
    "    delta2^2 = -0.0496817    [E21]",
    "    w1,2^3 = 0.7 - 0.5 * -0.224334 = 0.812167    [E28]",
    "    b1^1 = 0.3 - 0.5 * 0.00118889 = 0.299406    [E28]",
]


@pytest.mark.parametrize("line", ARTICLE)
def test_the_articles_numbers_stand_in_the_first_update_with_their_equations(line):
    second = WORKED.index("update 2: samples 0")
    assert WORKED.index(line) < second
    assert line not in WORKED[second:]


def test_the_second_update_starts_from_the_parameters_of_the_first():
    second = WORKED[WORKED.index("update 2: samples 0") :]
    assert "    z1^1 = 0.499406*1 + 0.299406 = 0.798811    [E1]" in second
    assert any(line.startswith("    w1,1^1 = 0.499406 - 0.5 * ") for line in second)


def test_the_parts_of_an_update_come_in_the_order_of_the_algorithm():
    parts = [line.strip() for line in WORKED if re.match(r"(update|  [a-z])", line)]
    assert parts == [
        "update 1: samples 0",
        *("forward propagation", "backpropagation", "gradient descent"),
        "update 2: samples 0",
        *("forward propagation", "backpropagation", "gradient descent"),
    ]


def test_edges_that_do_not_exist_are_not_told():
    assert not any(line.strip().startswith("w1,2^1") for line in WORKED)
    assert "    z3^1 = -0.1 = -0.1    [E1]" in WORKED
    assert not lines_with(get_case("no-biases"), "b1")
    assert lines_with(get_case("tanh-regression"), "b1^2")


FORMS = [
    ("sigmoid-binary", "^2", "E24"),
    ("sigmoid-regression", "^2", "E23"),
    ("sigmoid-multiclass", "^2", "E25"),
    ("sigmoid-output-squared", "^2", "E22"),
    ("softmax-output-squared", "^2", "E22"),
    ("sigmoid-binary", "^1", "E21"),
    ("tanh-binary", "^1", "E17"),
]


@pytest.mark.parametrize(("slug", "layer", "clause"), FORMS)
def test_a_delta_is_told_with_the_form_that_its_layer_has(slug, layer, clause):
    case = get_case(slug)
    found = {line.rpartition("[")[2] for line in lines_with(case, "delta") if layer in line}
    assert found == {f"{clause}]"}


@pytest.mark.parametrize(
    ("slug", "clause"), [("sigmoid-binary", "E5"), ("relu-regression", "E4"), ("tanh-one-sample", "E6")]
)
def test_the_error_is_told_with_its_loss(slug, clause):
    assert clauses_of(get_case(slug), "E =") == {f"E3, {clause}"}


def test_only_the_sigmoid_is_told_as_e18():
    assert clauses_of(get_case("tanh-regression"), "a") == {"E1"}
    assert clauses_of(get_case("sigmoid-binary"), "a") == {"E18"}


def test_parameters_of_an_activation_are_told():
    assert any("leaky_relu(slope=0.25)(" in line for line in trace(get_case("leaky-relu-regression")))


def test_wide_layers_are_told_by_their_first_neurons_and_counted():
    lines = [line.strip() for line in trace(get_case("wide-tanh"))]
    assert "... and 58 more neurons" in lines
    assert f"... and {64 * 17 - 36} more weights" in lines
    assert any(line.startswith("z1^1 = sum of 17 products = ") for line in lines)
    assert not any(line.startswith("z7^1") for line in lines)


def test_every_update_names_its_samples():
    case = get_case("mini-batch-descent")
    assert [line for line in trace(case) if line.startswith("update")] == [
        "update 1: samples 4, 1, 6",
        "update 2: samples 0, 5, 2",
        "update 3: samples 3",
    ]


def test_in_a_batch_every_line_of_a_neuron_can_be_told_from_that_of_another_sample():
    case = get_case("one-layer-regression")
    forward = list(trace(case))
    for head in ("z1^1", "a1^1", "delta1^1"):
        places = [n for n, line in enumerate(forward) if line.strip().startswith(head)]
        assert len(places) == len(case.x)
        named = [
            "sample" in line or "sample" in " ".join(forward[max(n - 8, 0) : n])
            for n, line in enumerate(forward)
            if n in places
        ]
        assert all(named)


def test_each_sample_has_its_own_lines_in_batch_order():
    case = build_case("made", "Made", (1, 1), (), "squared", seed=3, samples=3, batches=[(2, 0)], biases=False)
    lines = lines_with(case, "z1^1")
    assert [line.partition("*")[2].partition(" ")[0] for line in lines] == [
        f"{case.x[sample, 0]:.6g}" for sample in (2, 0)
    ]


def test_the_numbers_are_exact_beyond_their_rounding_for_reading():
    layer = get_case("tanh-regression").layers[0]
    zero = replace(
        build_case("made", "Made", (3, 2), (), "squared", seed=101, output="tanh"),
        y=np.zeros((4, 2)),
    )
    assert layer.activation.name == "tanh"
    for line in lines_with(zero, "a"):
        z, a = re.search(r"tanh\((.*)\) = (.*?) ", line).groups()
        assert f"{np.tanh(float(z)):.4g}" == f"{float(a):.4g}"


@pytest.mark.parametrize("case", all_cases("float32"), ids=lambda case: case.slug)
def test_every_case_can_be_traced(case):
    lines = list(trace(case))
    assert len([line for line in lines if line.startswith("update")]) == len(case.batches)
    assert not any("nan" in line for line in lines)
