"""The forms of the mutants run on every kind of case, and a machine that follows a subject takes its values."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from backproof.catalogue import all_cases, get_case
from backproof.diagnosis.agreement import flat
from backproof.mutants import MUTANTS, Machine, get_mutant
from backproof.mutants.forms import BY_NAME, forms, further_forms
from backproof.mutants.forms.factors import UNDER_BOTH, UNDER_MEAN, UNDER_SUM

SEVERAL = ("masked", "mini-batch-regression", "some-biases", "relu-multiclass", "soft-labels-log", "one-neuron-a-layer")


def test_what_has_forms_of_its_own_is_a_mutant():
    named = {*BY_NAME, *UNDER_BOTH, *UNDER_MEAN, *UNDER_SUM}
    assert named <= {mutant.name for mutant in MUTANTS}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_form_runs_on_every_kind_of_case_in_its_dtype(mutant):
    """Its parameters keep their shapes: what would not run would never agree."""
    for slug, reduction in product(SEVERAL, mutant.reductions):
        case = get_case(slug)
        case = case.under(replace(case.conventions, reduction=reduction))
        for number, machine in enumerate(forms(mutant, reduction)):
            for values in flat(machine(case)):
                for (quantity, layer), value in values.items():
                    assert value.dtype == np.float64, (number, quantity, slug)
                    if quantity in ("weights", "biases"):
                        assert value.shape == getattr(case.layers[layer - 1], quantity).shape, (number, slug)


def test_a_mutant_that_is_none_under_a_mean_has_no_form_there():
    assert list(forms(get_mutant("gradient-mean"), "mean")) == []
    assert len(list(forms(get_mutant("gradient-mean"), "sum"))) == 1 + len(
        list(further_forms(get_mutant("gradient-mean"), "sum"))
    )


def as_shown(records):
    return [{key: value for key, value in step.items() if key[0] != "loss"} for step in flat(records)]


@pytest.mark.parametrize("case", all_cases("float64"), ids=lambda case: case.slug)
def test_a_machine_that_follows_itself_shows_the_same(case):
    records = Machine()(case)
    again = Machine()(case, as_shown(records))
    for one, other in zip(flat(records), flat(again), strict=True):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[key], other[key], equal_nan=True) for key in one)


def test_a_machine_that_follows_a_wrong_delta_goes_on_with_it():
    """E11 is then taken at the subject's own deltas, and only E17 shows a difference."""
    case = get_case("sigmoid-binary")
    wrong = get_mutant("derivative-missing").machine()(case)
    followed = flat(Machine()(case, as_shown(wrong)))[0]
    shown = flat(wrong)[0]
    different = {key for key in shown if not np.allclose(shown[key], followed[key], rtol=1e-12, atol=0)}
    assert different == {("deltas", 1)}
    alone = flat(Machine()(case))[0]
    assert not np.allclose(alone["weight_gradients", 1], shown["weight_gradients", 1], rtol=1e-3)
