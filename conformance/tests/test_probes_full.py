"""Judging every element: the cheap first bound changes no verdict, at the exact bound of an element on either side."""

from typing import Any

import numpy as np
import pytest
from probe_networks import large, update

from backproof.conventions import Conventions
from backproof.judge.findings import Status
from backproof.probes import full, judge_by_probes
from backproof.probes.elements import slope_of, values_of
from backproof.probes.models import Models
from backproof.probes.sources import whole

QUANTITIES = {"net_inputs": "E1", "weight_gradients": "E11", "deltas": "E17", "activation_gradients": "E17"}
LAYER = {"net_inputs": 2, "weight_gradients": 2, "deltas": 1, "activation_gradients": 1}
PLACE = (7, 11)


def bounds_of(case: Any, answer: Any, quantity: str) -> tuple[Any, Any, Any]:
    """Return the reference of a quantity of one layer, and its bounds (expected, worst), each by its whole formula."""
    models, x = Models.of(case), whole(case.x).astype(float)
    layer, samples = case.layers[LAYER[quantity] - 1], len(x)
    weights = whole(layer.weights).astype(float)
    a, delta = answer["activations"][0].astype(float), answer["deltas"][1].astype(float)
    worst = models.worst
    if quantity == "net_inputs":
        n, biases = weights.shape[1], whole(layer.biases).astype(float)
        z = a @ weights.T + biases
        absolute = np.abs(a) @ np.abs(weights).T * (1 + worst.gamma(n))
        return z, *models.bounds(lambda model: model.net_input_of(n, absolute, np.abs(biases), z))
    if quantity == "weight_gradients":
        absolute = np.abs(delta).T @ np.abs(a) * (1 + worst.gamma(samples))
        bounds = models.bounds(lambda model: model.gradient_of(samples, absolute, scaled=models.scaled))
        return delta.T @ a * models.gradient, *(models.gradient * bound for bound in bounds)
    upper = whole(case.layers[1].weights).astype(float)
    m = len(upper)
    s, absolute = delta @ upper, np.abs(delta) @ np.abs(upper) * (1 + worst.gamma(m))
    if quantity == "activation_gradients":
        return s, *models.bounds(lambda model: model.net_input_of(m, absolute, 0.0, s))
    z, rule = answer["net_inputs"][0].astype(float), layer.activation
    slope, _ = slope_of(case, rule, z, values_of(rule, z))

    def bound(model: Any, *, reduced: bool) -> Any:
        r = model.derivative(rule, z, reduced=reduced)
        return model.delta_of(m, slope, r, np.abs(s), absolute, scaled=models.scaled)

    low = models.bounds(lambda model: bound(model, reduced=False))[0]
    return slope * s, low, models.bounds(lambda model: bound(model, reduced=True))[1]


def status(case: Any, answer: Any, quantity: str) -> tuple[Status, tuple[int, ...], float]:
    found = [
        f
        for f in judge_by_probes(case, answer, everything=True).findings
        if (f.clause, f.layer) == (QUANTITIES[quantity], LAYER[quantity]) and "every element in full" in f.source
    ]
    assert len(found) == 1
    return found[0].status, found[0].index, found[0].ratio


@pytest.mark.parametrize("size", [0.5, 0.97, 1.03, 2.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_an_element_passes_up_to_its_own_bound_and_no_further(quantity, dtype, size):
    """Within the expected bound it passes, up to the worst case it is remarked, above it deviates, at its place."""
    case = large("tanh", dtype, widths=(96, 300, 64))
    answer = update(case, direct=quantity == "activation_gradients")
    reference, expected, worst = bounds_of(case, answer, quantity)
    expected = np.minimum(expected, worst)
    for bound in (expected[PLACE], worst[PLACE]):
        changed = answer[quantity][LAYER[quantity] - 1].copy()
        changed[PLACE] = reference[PLACE] + size * bound
        entries = list(answer[quantity])
        entries[LAYER[quantity] - 1] = changed
        error = abs(float(changed[PLACE]) - reference[PLACE])  # as rounded to be shown
        assert bool(error < bound) == (size < 1)
        found, index, ratio = status(case, {**answer, quantity: entries}, quantity)
        within = error <= worst[PLACE]
        limit, wanted = (expected, Status.REDUCED) if within else (worst, Status.DEVIATES)
        assert found is (Status.PASSED if error <= expected[PLACE] else wanted)
        if found is not Status.PASSED:
            assert index == PLACE
            assert ratio == pytest.approx(error / limit[PLACE], rel=1e-3)


@pytest.mark.parametrize("conventions", [Conventions(), Conventions(reduction="mean"), Conventions(precision="tf32")])
def test_the_first_bound_is_never_above_the_own_one(conventions, monkeypatch):
    """At every element of every block; twice as much of it would be."""
    case = large("tanh", widths=(9, 80, 33)).under(conventions)
    blocks, compare = [], full.compare

    def seen(tally: Any, values: Any, reference: Any, part: Any, bounds: Any, **names: Any) -> None:
        rows, columns = (places.ravel() for places in np.indices(part.shape))
        own = np.minimum(*bounds(rows, columns)).reshape(part.shape)
        blocks.append((tally.clause, bool((part <= own).all()), bool((2 * part <= own).all())))
        compare(tally, values, reference, part, bounds, **names)

    monkeypatch.setattr(full, "compare", seen)
    judge_by_probes(case, update(case), everything=True)
    assert {clause for clause, _, _ in blocks} == {"E1", "E11", "E17"}
    assert all(within for _, within, _ in blocks)
    assert not all(doubled for _, _, doubled in blocks)


@pytest.mark.parametrize(("precision", "wanted"), [("full", Status.PASSED), ("bfloat16", Status.VACUOUS)])
def test_products_that_nothing_could_fail_are_vacuous_though_all_are_within_the_first_bound(precision, wanted):
    case = large("tanh").under(Conventions(precision=precision))
    found = judge_by_probes(case, update(case), everything=True).findings
    assert {f.status for f in found if "every element in full" in f.source} == {wanted}


def test_elements_of_which_no_chosen_term_is_left_get_all_their_terms():
    """Right deltas whose samples are all but one zero, and a wrong one of them."""
    case = large("tanh", samples=400)
    answer = update(case)
    for deltas in answer["deltas"]:
        deltas[:, ::2] *= np.where(np.arange(400) < 399, np.float32(0), np.float32(1e-6))[:, None]
    answer["weight_gradients"][1] = answer["deltas"][1].T @ answer["activations"][0]
    assert status(case, answer, "weight_gradients")[0] is Status.PASSED
    answer["weight_gradients"][1][8, 3] *= np.float32(1.01)
    assert status(case, answer, "weight_gradients")[:2] == (Status.DEVIATES, (8, 3))


@pytest.mark.parametrize(("value", "wanted"), [(np.inf, Status.DEVIATES), (1.0, Status.PASSED)])
def test_a_product_with_an_infinite_factor_lets_nothing_finite_pass(value, wanted):
    case = large("relu", widths=(96, 300, 64))
    answer = update(case)
    answer["deltas"][1][2, 3] = value
    if np.isfinite(value):
        answer["weight_gradients"][1] = answer["deltas"][1].T @ answer["activations"][0]
    assert status(case, answer, "weight_gradients")[0] is wanted


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_a_net_input_that_is_infinite_passes_no_delta_though_its_slope_is_known(value):
    case = large("relu", widths=(96, 300, 64))
    answer = update(case)
    answer["net_inputs"][0][2, 3] = value
    answer["deltas"][0][2, 3] = (answer["deltas"][1] @ case.for_subject().layers[1].weights)[2, 3] * (value > 0)
    assert status(case, answer, "deltas")[:2] == (Status.DEVIATES, (2, 3))
