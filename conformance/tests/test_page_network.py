"""The drawing: edges where there are weights, the finding's neuron and edges marked, wide layers cut but not there."""

import pytest

from backproof.catalogue import get_case
from backproof.judge.findings import Finding, Judged, Status
from backproof.page.network import MOST_NEURONS, drawing

WIDE = get_case("wide-tanh")


def finding(case, quantity, layer, index):
    return Finding(
        clause="E17", quantity=quantity, case=case.slug, dtype=case.dtype, step=1, layer=layer,
        judged=Judged.LOCAL, status=Status.DEVIATES, index=index,
    )  # fmt: skip


def marked(case, quantity, layer, index):
    made = drawing(case, finding(case, quantity, layer, index))
    neurons = [(n.layer, n.index) for n in made.neurons if n.marked]
    return neurons, sum(edge.marked for edge in made.edges), made


def test_every_weight_is_an_edge_and_a_masked_one_is_not():
    made, case = drawing(get_case("worked-example")), get_case("worked-example")
    assert len(made.edges) == sum(
        int(layer.mask.sum()) if layer.mask is not None else layer.weights.size for layer in case.layers
    )
    assert len(made.edges) < sum(layer.weights.size for layer in case.layers)
    assert not any(edge.marked for edge in made.edges)


CASE = get_case("tanh-binary")
MARKS = [
    ("deltas", 2, (4, 1), [(2, 1)], CASE.widths[3]),
    ("net_inputs", 2, (0, 1), [(2, 1)], CASE.widths[1]),
    ("activations", 1, (0, 0), [(1, 0)], 0),
    ("weight_gradients", 2, (1, 2), [(2, 1)], 1),
    ("biases", 2, (1,), [(2, 1)], 0),
    ("loss", 0, (), [(3, 0)], 0),
]


@pytest.mark.parametrize(("quantity", "layer", "index", "neurons", "edges"), MARKS, ids=[mark[0] for mark in MARKS])
def test_what_the_equation_speaks_of_is_marked(quantity, layer, index, neurons, edges):
    assert CASE.depth == 3
    found = marked(CASE, quantity, layer, index)
    assert found[:2] == (neurons, edges)
    assert [column.marked for column in found[2].columns].index(True) == (layer or 3)


def test_a_wide_layer_is_cut_but_not_where_the_finding_is():
    layer = max(range(1, WIDE.depth + 1), key=lambda n: WIDE.widths[n])
    last = WIDE.widths[layer] - 1
    assert last > MOST_NEURONS
    neurons, _, made = marked(WIDE, "deltas", layer, (0, last))
    assert neurons == [(layer, last)]
    assert sum(neuron.layer == layer for neuron in made.neurons) == MOST_NEURONS
    assert made.columns[layer].left_out == WIDE.widths[layer] - MOST_NEURONS


def test_both_ends_of_a_single_wrong_edge_are_drawn():
    layer = next(n for n in range(1, WIDE.depth + 1) if WIDE.widths[n - 1] > MOST_NEURONS)
    j = WIDE.widths[layer - 1] - 1
    _, edges, _ = marked(WIDE, "weights", layer, (0, j))
    assert edges == 1


def test_a_whole_layer_is_marked_as_far_as_it_is_drawn():
    layer = max(range(1, WIDE.depth + 1), key=lambda n: WIDE.widths[n])
    neurons, _, made = marked(WIDE, "deltas", layer, ())
    assert len(neurons) == MOST_NEURONS - 1
    assert len([neuron for neuron in made.neurons if neuron.layer == layer]) == MOST_NEURONS - 1
