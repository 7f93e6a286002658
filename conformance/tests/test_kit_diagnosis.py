"""What shows a wrong loss and nothing else is explained by mutants of the loss alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backproof.api import check
from backproof.catalogue import narrow_cases
from backproof.conventions import Conventions
from backproof.diagnosis.agreement import gap_of
from backproof.door import Subject
from backproof.mutants import MUTANTS, get_mutant
from backproof.subjects.bundled_numpy import train

CASES = narrow_cases("float64", "sigmoid-softmax")[:4]
NUMPY = Subject(name="numpy", run=train, conventions=Conventions(kink="left"))


def named(subject, cases=CASES):
    return [suggestion.name for suggestion in check(subject, cases, autograd=False).diagnosis]


def test_a_loss_of_nobodys_making_is_not_laid_to_what_these_cases_cannot_show():
    def scaled(case):
        return [{**record, "loss": 0.3 * record["loss"]} for record in train(case)]

    assert named(replace(NUMPY, run=scaled)) == []


def test_a_mutant_of_the_loss_is_still_named():
    mutant = next(m for m in MUTANTS if m.step == "loss" and named(replace(NUMPY, run=m.machine())))
    assert mutant.name in named(replace(NUMPY, run=mutant.machine()))


def test_a_wrong_delta_is_still_named():
    wrong = get_mutant("derivative-missing")
    assert named(replace(NUMPY, run=wrong.machine()))[0] == "derivative-missing"


NUMBERS = [np.nan, np.inf, -np.inf, 1.0]
APART = [[0.0, np.inf, -np.inf, 1.0], [np.nan, -np.inf, -np.inf, 1.0], [np.nan, np.inf, -np.inf, np.inf]]


@pytest.mark.parametrize("other", APART, ids=["a number for NaN", "the other infinity", "infinity for a number"])
def test_what_is_not_finite_agrees_with_its_like_alone(other):
    def gap(values):
        # No witness is looked at: the size is given, and deltas have no mask.
        return gap_of(None, 1, ("deltas", 1), np.array([NUMBERS]), np.array([values]), size=(1.0, 0.0))

    assert gap(NUMBERS) == 0
    assert gap(other) == np.inf
    assert gap([np.nan, np.inf, -np.inf, 1.5]) == 0.5


def test_a_difference_that_is_too_large_to_write_is_infinite_and_warns_of_nothing():
    large = np.array([[1.7e308]])
    assert gap_of(None, 1, ("deltas", 1), large, -large, size=(1.0, 0.0)) == np.inf
