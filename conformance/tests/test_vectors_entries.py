"""The families of vectors: enough of them, every clause, what is computed by hand is, and what is exact is."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backproof.balls import middle
from backproof.catalogue import all_cases, narrow_cases
from backproof.truth import truth_of
from backproof.vectors.dyadic import inexact
from backproof.vectors.families import all_entries
from backproof.vectors.reading import case_of, values_of
from backproof.vectors.rounding import rounded_values
from backproof_fixtures import printed_worked_example, read_vectors
from backproof_spec import clauses

ENTRIES = all_entries()
VECTORS = read_vectors().vectors
FEWEST = 150
CLEAR_OF_KINKS = 100  # judgement.md: no ReLU |z| within 100 bounds
FAMILIES = {"worked-example", "catalogue", "narrow", "one-equation", "exact", "grid", "descent", "training", "shape"}


def of(family):
    return [pytest.param(entry, id=entry.slug) for entry in ENTRIES if entry.family == family]


def test_there_are_enough_of_every_family_and_all_are_stored():
    assert len(ENTRIES) >= FEWEST
    assert {entry.family for entry in ENTRIES} == FAMILIES
    assert [entry.slug for entry in ENTRIES] == list(VECTORS)


def test_the_pages_say_how_many_there_are_and_name_every_family():
    root = Path(__file__).parents[2]
    readme, page = ((root / name).read_text(encoding="utf-8") for name in ("README.md", "docs/vectors.md"))
    assert f"{len(VECTORS)} cases with exact values" in readme
    assert f"{len(VECTORS)} cases\nare stored as JSON" in page
    assert [family for family in FAMILIES if f"`{family}`" not in page] == []


def test_the_cases_of_the_kit_are_vectors_themselves_and_not_copies():
    slugs = {entry.slug for entry in ENTRIES}
    for case in (*all_cases("float64"), *narrow_cases("float64")):
        assert case.slug in slugs
        stored = case_of(VECTORS[case.slug])
        assert np.array_equal(stored.x, case.x)
        assert stored.flags == case.flags
        for one, other in zip(stored.layers, case.layers, strict=True):
            assert np.array_equal(one.weights, other.weights)


def test_every_observed_equation_has_a_one_equation_vector_or_another_one():
    observed = {clause.id for clause in clauses() if clause.observed and not clause.id.startswith("B-")} - {"V1"}
    assert observed <= {clause for entry in ENTRIES for clause in entry.clauses}
    by_hand = {clause for entry in ENTRIES if entry.family == "one-equation" for clause in entry.clauses}
    assert by_hand == observed - {"A1"}


@pytest.mark.parametrize("entry", of("one-equation"))
def test_a_one_equation_vector_is_what_its_arithmetic_says(entry):
    """The left side is evaluated, and is the right side; that is one of the expected numbers."""
    left, _, right = entry.by_hand.rpartition(" = ")
    computed = eval(left, {"__builtins__": {}}, {"exp": math.exp, "log": math.log})  # noqa: S307 - our own table
    assert math.isclose(computed, float(right), rel_tol=1e-15, abs_tol=0.0)
    numbers = np.concatenate([np.ravel(v) for step in values_of(VECTORS[entry.slug]) for v in step.values()])
    assert float(right) in numbers
    assert float(right) + 0.0625 not in numbers
    assert len(numbers) <= 12
    assert len(entry.clauses) <= 2


@pytest.mark.parametrize("entry", of("exact"))
def test_an_exact_vector_never_rounds(entry):
    assert inexact(entry.case, rounded_values(entry.case)) is None
    for dtype in ("float64", "float32"):
        assert "exact" in str(VECTORS[entry.slug]["bounds"][dtype])


def test_a_case_that_rounds_is_not_called_exact():
    """A third of a number, a sum of 25 digits, a sigmoid: each is named."""
    entry = next(entry for entry in ENTRIES if entry.slug == "exact-linear-two-layers")
    first, second = entry.case.layers
    fine = replace(entry.case, layers=(replace(first, weights=first.weights + 2.0**-30), second))
    assert inexact(fine, rounded_values(fine)) == "update 1: net_inputs of layer 1"
    third = replace(entry.case, learning_rate=1 / 3)
    assert "of layer" in inexact(third, rounded_values(third))
    rounds = next(entry for entry in ENTRIES if entry.slug == "sigmoid-regression").case
    assert inexact(rounds, rounded_values(rounds)) == "sigmoid rounds"
    logistic = next(entry for entry in ENTRIES if entry.slug == "one-layer-binary").case
    assert "rounds" in inexact(logistic, rounded_values(logistic))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_no_net_input_stands_near_a_kink_but_where_the_flag_says_so(dtype):
    near = []
    for entry in ENTRIES:
        case = entry.case.as_dtype(dtype)
        kinked = [n for n, layer in enumerate(case.layers, 1) if layer.activation.kink is not None]
        for values in truth_of(case).steps if kinked and not entry.exact else ():
            goals = [values["net_inputs", n] for n in kinked]
            if any((np.abs(middle(goal.exact)) <= CLEAR_OF_KINKS * goal.rms).any() for goal in goals):
                near.append(entry.slug)
    assert set(near) == {entry.slug for entry in ENTRIES if "exact-zero" in entry.case.flags}


def test_grids_hold_both_zeros_and_700_and_inform_of_infinity():
    for name in ("identity", "sigmoid", "tanh", "softplus", "gelu"):
        z = np.ravel(VECTORS[f"grid-{name}"]["case"]["x"])
        assert {-700.0, 0.0, 700.0} <= set(z)
        assert {str(value) for value in z if value == 0} == {"0.0", "-0.0"}
    for name in ("relu", "leaky-relu", "elu"):
        assert {str(row[0]) for row in VECTORS[f"grid-{name}-at-0"]["case"]["x"]} >= {"0.0", "-0.0"}
    for name in ("sigmoid", "tanh", "relu"):
        assert [row["z"] for row in VECTORS[f"grid-{name}"]["informative"]][-2:] == ["-Infinity", "Infinity"]


def test_the_worked_example_carries_its_printed_numbers():
    printed = VECTORS["worked-example"]["printed"]
    assert printed["decimals"] == printed_worked_example()["decimals"]
    for row in printed["values"]:
        stored = VECTORS["worked-example"]["expected"][row["update"] - 1][row["quantity"]][row["layer"] - 1][
            row["sample"]
        ]
        assert np.abs(np.subtract(stored, row["values"])).max() <= 1.5 * 10.0 ** -printed["decimals"]
