"""The items of a subject: which there are, what becomes of each, and that a case is run once."""

from dataclasses import replace

import numpy as np
import pytest
from kit_subjects import few, not_a_number, raising, right, train, without_slope

from backproof.api import check
from backproof.catalogue import all_cases, get_case
from backproof.door import Subject
from backproof.errors import UsageError
from backproof.suite import Suite
from backproof.verdict import exercises
from backproof_spec import clauses, get_clause


def suite(subject, **words):
    return Suite(subject, autograd=False, **{"dtypes": "float64", **words})


def outcome(made, name):
    return made.judge(next(item for item in made.items if item.id == name))


def test_the_items_are_the_observed_clauses_that_each_case_exercises():
    items = Suite(right).items
    names = [item.id for item in items]
    assert len(names) == len(set(names)) == len(items)
    assert "E17-delta-rule-sigmoid-binary-float64" in names
    assert "E17-delta-rule-one-layer-binary-float64" not in names  # the twin: no hidden layer, no delta rule
    assert all(exercises(item.case, item.clause) and item.clause.observed for item in items)
    assert {item.clause.id for item in items} == {clause.id for clause in clauses() if clause.observed}


def test_the_items_are_narrowed_by_case_dtype_and_clause():
    made = Suite(right, cases=["sigmoid-binary", get_case("tanh-binary", "float32")], dtypes="float32", clauses="E17")
    assert [item.id for item in made.items] == [
        "E17-delta-rule-sigmoid-binary-float32",
        "E17-delta-rule-tanh-binary-float32",
    ]
    derived = suite(without_slope, cases="sigmoid-binary", clauses=["sigmoid-delta-rule"])
    assert [item.id for item in derived.items] == ["E21-sigmoid-delta-rule-sigmoid-binary-float64"]
    assert derived.judge(derived.items[0]).status == "deviates"


REFUSED = [
    ({"cases": "sigmoid-binry"}, "no case 'sigmoid-binry'; nearest: sigmoid-binary"),
    ({"cases": ["tanh-binary", "tanh-binary"]}, r"cases: tanh-binary \(float64\) is given twice"),
    ({"dtypes": "float16"}, "dtypes: unknown 'float16'; the known ones are float64, float32"),
    ({"clauses": "E99"}, "E99"),
    ({"cases": "one-layer-binary", "clauses": "E17"}, "no chosen case exercises E17"),
    ({"cases": []}, "no chosen case exercises"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[str(words) for words, _ in REFUSED])
def test_what_is_not_known_or_leaves_nothing_is_refused(words, message):
    with pytest.raises(UsageError, match=message):
        suite(right, **words)


def test_a_right_subject_passes_and_shows_its_worst_ratio():
    made = suite(right, cases="sigmoid-binary")
    told = outcome(made, "E17-delta-rule-sigmoid-binary-float64")
    assert (told.status, told.message, told.skipped) == ("conforms", "", False)
    assert 0 <= told.properties["worst_ratio"] <= 1
    assert told.properties | {"worst_ratio": 0} == {
        "clause": "E17",
        "case": "sigmoid-binary",
        "dtype": "float64",
        "status": "conforms",
        "worst_ratio": 0,
    }
    assert made.verdict().message == ""


def test_a_deviation_is_told_with_its_equation_its_command_and_its_mutant():
    made = suite(without_slope, cases="sigmoid-binary", target="net.py:net")
    told = outcome(made, "E17-delta-rule-sigmoid-binary-float64")
    assert (told.status, told.skipped) == ("deviates", False)
    lines = told.message.splitlines()
    assert lines[0].startswith("sigmoid-binary (float64): Your delta of layer 1 is not E17 `delta-rule` (here E21")
    assert lines[1:3] == [
        "read:      backproof explain delta-rule",
        "reproduce: backproof check net.py:net --case sigmoid-binary --dtype float64",
    ]
    assert lines[3].startswith("It agrees with `derivative-missing`")
    behind = outcome(made, "A1-backpropagation-algorithm-sigmoid-binary-float64")
    assert (behind.status, behind.skipped) == ("downstream", True)
    assert behind.message == "downstream of the deviation from E17 `delta-rule` in this case; no deviation of its own"
    assert made.verdict().message.startswith("the verdict is deviates, not conforms\n")


def test_several_deviations_from_one_clause_are_counted():
    made = suite(not_a_number, cases="worked-example")
    told = [made.judge(item).message for item in made.items]
    assert any("nan is not a finite number" in message for message in told)
    assert any("more deviations from this clause in this case" in message for message in told)


def test_what_is_not_run_or_not_shown_or_vacuous_is_never_a_pass():
    shown = ("weights", "biases")
    shy = replace(right, run=lambda case: [{name: record[name] for name in shown} for record in train(case)])
    made = suite(shy, cases=["sigmoid-binary", "relu-regression"])
    unseen = outcome(made, "E5-log-loss-sigmoid-binary-float64")
    assert (unseen.status, unseen.skipped) == ("not_observed", True)
    assert unseen.message == "not observed: the subject shows nothing here that E5 can judge"
    skipped = outcome(made, "E17-delta-rule-relu-regression-float64")
    assert (skipped.status, skipped.skipped) == ("skipped", True)
    assert skipped.message == "skipped: activation relu is not declared"
    everything = suite(right)
    found = [everything.judge(item) for item in everything.items]
    vacuous = [told for told in found if told.status == "vacuous"]
    assert vacuous
    assert all(told.skipped and told.message.startswith("vacuous: every tolerance is above 0.001") for told in vacuous)
    assert all(told.skipped == bool(told.message) for told in found)


def test_an_error_of_the_subject_fails_every_item_of_its_case():
    made = suite(raising, cases="tanh-binary")
    told = [made.judge(item) for item in made.items]
    assert all((item.status, item.skipped) == ("errored", False) for item in told)
    message = "tanh-binary (float64): the subject raised ZeroDivisionError: no idea how to do tanh-binary"
    assert all(message in item.message for item in told)
    assert made.verdict().status == "broken"


def test_a_case_is_run_once_for_all_its_items_and_the_verdict():
    runs = []

    def counted(case):
        runs.append(case.slug)
        return train(case)

    made = suite(replace(right, run=counted), cases=["tanh-binary", "sigmoid-binary"])
    assert runs == []  # planning runs nothing
    made.judge(made.items[0])
    once = list(runs)
    assert set(once) == {made.items[0].case.slug}
    for item in made.items:
        made.judge(item)
    all_items = list(runs)
    assert made.verdict().status == "conforms"
    assert runs == all_items
    assert once == [slug for slug in all_items if slug == once[0]]


def test_the_rules_over_the_whole_run_are_the_verdicts():
    """Few cases, and observables that differ between cases, show in no single item."""
    made = Suite(few, autograd=False)
    assert not any(told.message and not told.skipped for told in map(made.judge, made.items))
    assert made.verdict().message.startswith("the verdict is incomplete, not conforms")

    def changeable(case):
        hidden = () if case.slug == "tanh-binary" else ("deltas",)
        return [{name: value for name, value in record.items() if name not in hidden} for record in train(case)]

    made = suite(replace(right, run=changeable), cases=["tanh-binary", "sigmoid-binary"])
    assert not any(told.message and not told.skipped for told in map(made.judge, made.items))
    told = made.verdict()
    assert told.status == "broken"
    assert "deltas is not shown in this case, although it is shown in other cases" in told.message


def test_a_derivative_at_0_that_changes_is_the_verdicts():
    from judge_machine import Machine, derivative

    def turning(rule, z, a, w, d):
        at_zero = z.dtype.type(0.25 if z.dtype == "float32" else 0.75)
        return np.where(z == 0, at_zero, derivative(rule, z, a)) * (d @ w)

    wrong = Subject(name="turning", run=Machine(hidden_delta=turning))
    made = Suite(wrong, cases=["relu-exact-zero"], autograd=False)
    assert not any(told.message and not told.skipped for told in map(made.judge, made.items))
    assert "f'(0) of relu is not the same everywhere" in made.verdict().message
    constant = suite(wrong, cases=["relu-exact-zero"])
    assert constant.verdict().status == "conforms"


def test_a_clause_by_any_of_its_names():
    assert suite(right, clauses=get_clause("E17").slug).items[0].clause.id == "E17"


def test_an_error_about_biases_that_are_not_there_names_the_flag_to_declare():
    def careless(case):
        return {"weights": [layer.weights + layer.biases[:, None] for layer in case.layers]}

    case = next(case for case in all_cases("float64") if "no-biases" in case.flags)
    (error,) = check(careless, [case], autograd=False).report["errors"]
    assert error["message"].endswith('has no biases (None): skip such cases with skips=["no-biases"]')
    (error,) = check(careless, [get_case("sigmoid-regression")], autograd=False).report["errors"]
    assert "no-biases" not in error["message"]
