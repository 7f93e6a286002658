"""Real Python packages, judged as they are: what deviates is what is expected, and is shown without the kit as well."""

from __future__ import annotations

from dataclasses import replace

import pytest
from zoo_helpers import ROOT, assert_as_expected, drift, expected, judged, need, reproduce

from backproof.api import check
from backproof.catalogue import get_case
from backproof.loading import load_subject

PACKAGES = ("mlxtend", "micrograd", "autograd", "nerva-numpy", "numpy-ml", "tinygrad", "scikit-learn")
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


def test_every_script_belongs_to_an_entry():
    scripts = {path.name for path in (ROOT / "conformance" / "zoo" / "reproductions").glob("*.py")}
    assert scripts == {script.rsplit("/", 1)[1] for _, script in REPRODUCTIONS}


def test_drift_is_seen_in_both_directions():
    """The negative twin: an entry that nothing meets, and a deviation that nothing expects."""
    deviations = judged("mlxtend").judged.deviations
    entries = expected("mlxtend")
    assert drift(deviations, []) != (set(), [])
    elsewhere = {"clause": "E17", "reason": "it never does"}
    assert drift(deviations, [*entries, elsewhere]) == (set(), [elsewhere])
    assert drift(deviations, [{**entry, "dtype": "float32"} for entry in entries])[0]


def test_a_package_that_is_made_worse_deviates_elsewhere():
    """The negative twin of conforming: micrograd, with one gradient doubled on its way out."""
    need("micrograd")
    subject = load_subject("micrograd")

    def wrong(case):
        shown = subject.run(case)
        return {**shown, "weight_gradients": [2 * g for g in shown["weight_gradients"]]}

    result = check(replace(subject, run=wrong), [get_case("relu-regression")], autograd=False)
    assert {f.clause for f in result.judged.deviations} == {"E11"}
