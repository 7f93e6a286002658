"""What shows a wrong loss and nothing else is explained by mutants of the loss alone."""

from __future__ import annotations

from dataclasses import replace

from backproof.api import check
from backproof.catalogue import narrow_cases
from backproof.conventions import Conventions
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
