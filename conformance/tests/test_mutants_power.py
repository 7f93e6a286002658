"""Every case is worth its place: it kills what few others kill, and the catalogue is not blind on one side."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from backproof.catalogue import all_cases, get_case
from backproof.catalogue.build import build_case
from backproof.mutants.matrix import Cell, Row
from backproof.mutants.power import one_sided, power_of
from backproof_fixtures import HERE

STORED = json.loads((HERE / "case_power.json").read_text(encoding="utf-8"))


def test_every_case_of_the_catalogue_has_a_stored_power_that_is_enough():
    assert set(STORED) == {case.slug for case in all_cases("float64")}, "run `backproof selftest --powers` and store it"
    weak = {slug: power for slug, power in STORED.items() if not 0 < power["killers"] <= power["cases"] / 2}
    assert weak == {}


def rows(killers):
    """Rows of mutants, each killed by the named ones of four cases."""
    slugs = ("a", "b", "c", "d")
    return [
        Row(
            mutant,
            "float64",
            "everything",
            tuple(Cell(slug, 100.0, ("E17",) if slug in cases else ()) for slug in slugs),
            equivalent=False,
            first_clause="E17",
        )
        for mutant, cases in killers.items()
    ]


def test_a_case_that_kills_nothing_or_only_what_most_others_kill_is_not_enough():
    found = {power.case: power for power in power_of(rows({"common": "abc", "rare": "a"}))}
    assert found["a"].enough
    assert (found["a"].rarest, found["a"].killers, found["a"].kills) == ("rare", 1, 2)
    assert not found["b"].enough, "what it kills, three of four cases kill"
    assert not found["d"].enough
    assert found["d"].rarest is None


def test_rows_in_which_weights_alone_are_shown_do_not_count():
    shown = [replace(row, shown="weights") for row in rows({"rare": "a"})]
    assert power_of(shown) == []


def test_the_catalogue_is_not_one_sided():
    assert one_sided(all_cases()) == []


@pytest.mark.parametrize(
    ("what", "cases"),
    [
        ("every weight matrix is square", [build_case("s", "", (3, 3, 3), "tanh", seed=1)]),
        ("every batch has one sample", [build_case("s", "", (3, 2), seed=1, samples=1)]),
        ("every network has one output", [build_case("s", "", (3, 4, 1), "tanh", seed=1)]),
        ("every case makes one update", [get_case("sigmoid-binary")]),
    ],
)
def test_a_one_sided_catalogue_is_refused(what, cases):
    assert what in one_sided(cases)


def test_symmetric_matrices_are_seen():
    case = build_case("s", "", (2, 2), seed=1)
    symmetric = case.with_parameters([(np.array([[1.0, 0.5], [0.5, 2.0]]), case.layers[0].biases)])
    assert "every weight matrix is symmetric" in one_sided([symmetric])
    assert "every weight matrix is symmetric" not in one_sided([case])
