"""Real Python packages, judged as they are: what deviates is what is expected, and is shown without the kit as well."""

from __future__ import annotations

from dataclasses import replace

import pytest
from zoo_helpers import FEW, assert_as_expected, expected, judged, need, reproduce

from backproof.api import check
from backproof.catalogue import get_case
from backproof.loading import load_subject

PACKAGES = ("tinygrad", "mlxtend", "micrograd", "autograd", "nerva-numpy", "numpy-ml", "scikit-learn")
REPRODUCTIONS = sorted({(name, entry["reproduction"]) for name in PACKAGES for entry in expected(name)})

pytestmark = pytest.mark.zoo


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_deviates_where_it_is_expected_to_and_nowhere_else(name):
    assert_as_expected(name)


@pytest.mark.parametrize(("name", "script"), REPRODUCTIONS, ids=[script for _, script in REPRODUCTIONS])
def test_a_deviation_shows_without_the_kit(name, script, tmp_path):
    need(name)
    done = reproduce(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "right" in done.stdout


@pytest.mark.parametrize("name", FEW)
def test_the_few_cases_of_a_slow_package_meet_every_entry(name):
    """An entry that none of them judges would be met by nothing, and say so to nobody."""
    named = {entry["case"] for entry in expected(name) if "case" in entry}
    assert named <= set(FEW[name])


def test_drift_is_seen_in_both_directions(tmp_path):
    """The negative twin: an entry that nothing meets, and a deviation that nothing expects."""
    entries = expected("mlxtend")
    elsewhere = {"clause": "E17", "reason": "it never does"}
    (told,) = judged("mlxtend", [*entries, elsewhere], tmp_path).unmet
    assert told == "clause E17: it no longer deviates; remove the entry (it never does)"
    other = judged("mlxtend", [{**entry, "case": "huge-logits"} for entry in entries], tmp_path)
    assert other.verdict == "deviates"
    assert {f.clause for f in other.judged.deviations} == {"E6"}


def test_a_package_that_is_made_worse_deviates_elsewhere():
    """The negative twin of conforming: micrograd, with one gradient doubled on its way out."""
    need("micrograd")
    subject = load_subject("micrograd")

    def wrong(case):
        shown = subject.run(case)
        return {**shown, "weight_gradients": [2 * g for g in shown["weight_gradients"]]}

    result = check(replace(subject, run=wrong), [get_case("relu-regression")], autograd=False)
    assert {f.clause for f in result.judged.deviations} == {"E11"}
