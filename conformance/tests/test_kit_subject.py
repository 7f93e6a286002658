"""Declaring a subject: functions, classes, bare callables; every wrong declaration is refused with the right ones."""

import functools
import re
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from backproof.case import DTYPES
from backproof.catalogue import all_cases
from backproof.conventions import Conventions
from backproof.door import FLAGS, Subject, as_subject, subject
from backproof.errors import UsageError
from backproof.observation import QUANTITIES
from backproof_spec import LOSSES, RULES
from backproof_spec import LOSSES as SPEC_LOSSES
from backproof_spec import RULES as ACTIVATIONS

CASES = {case.slug: case for case in all_cases("float64")}


def plain(case):
    return {"slug": case}


class Net:
    def __init__(self, bias=0):
        self.bias = bias

    def __call__(self, case):
        return case + self.bias


def test_a_decorated_function_carries_a_subject_and_stays_the_function():
    def my_net(case):
        return [case]

    marked = subject(reduction="mean", losses=["log"], version="2")(my_net)
    assert marked is my_net
    made = my_net.backproof_subject
    assert (made.name, made.version, made.language, made.losses) == ("my_net", "2", "Python", ("log",))
    assert made.conventions == Conventions(reduction="mean")
    assert made.run is my_net
    assert as_subject(my_net, "else") is made


def test_a_decorated_class_is_run_through_an_instance():
    made = as_subject(subject(name="of class")(type("Made", (Net,), {})), "else")
    assert made.name == "of class"
    assert made.run(3) == 3


def test_the_defaults_of_the_decorator_are_those_of_a_bare_callable():
    made = subject()(lambda case: case).backproof_subject
    bare = as_subject(plain, "bare")
    for item in fields(Subject):
        if item.name not in ("name", "run"):
            assert (
                getattr(made, item.name) == getattr(bare, item.name) == getattr(Subject(name="", run=plain), item.name)
            )
    assert (bare.name, bare.run) == ("bare", plain)


def test_one_word_stands_for_a_list_of_one():
    made = subject(activations="tanh", dtypes="float32", skips="masked")(lambda case: case).backproof_subject
    assert (made.activations, made.dtypes, made.skips) == (("tanh",), ("float32",), ("masked",))


@pytest.mark.parametrize(
    ("what", "known"),
    [
        ("activations", ACTIVATIONS),
        ("losses", LOSSES),
        ("dtypes", DTYPES),
        ("skips", FLAGS),
        ("observes", QUANTITIES),
    ],
)
def test_a_declaration_outside_its_closed_list_is_refused_with_the_list(what, known):
    for item in known:
        assert getattr(subject(**{what: [item]})(lambda case: case).backproof_subject, what) == (item,)
    for declare in (
        lambda: subject(**{what: ["swish"]})(plain),
        lambda: Subject(name="", run=plain, **{what: ("swish",)}),
    ):
        with pytest.raises(
            UsageError, match=re.escape(f"{what}: unknown 'swish'; the known ones are {', '.join(known)}")
        ):
            declare()


def test_an_unknown_convention_is_refused_with_the_list():
    names = ", ".join(item.name for item in fields(Conventions))
    with pytest.raises(
        UsageError, match=f"@backproof.subject: unknown convention 'reduktion'; the conventions are {names}"
    ):
        subject(reduktion="mean")
    with pytest.raises(UsageError, match="convention reduction='average': expected one of 'sum', 'mean'"):
        subject(reduction="average")


def test_only_what_can_be_called_can_be_decorated():
    with pytest.raises(UsageError, match=r"expected a function of a case, or a class.*; 3 came"):
        subject()(3)


@pytest.mark.parametrize("target", [3, None, "numpy", {}], ids=repr)
def test_what_cannot_be_called_is_no_subject(target):
    with pytest.raises(UsageError, match=f"my_net: expected a function of a case.*; {type(target).__name__} came"):
        as_subject(target, "my_net")


def test_a_subject_is_its_own_subject():
    made = Subject(name="made", run=plain)
    assert as_subject(made, "else") is made


def test_the_closed_lists_are_those_of_the_spec():
    assert set(ACTIVATIONS) == set(RULES)
    assert set(LOSSES) == set(SPEC_LOSSES)


SKIPPED = [
    ({"dtypes": ["float32"]}, "sigmoid-binary", "dtype float64 is not declared"),
    ({"losses": ["squared"]}, "sigmoid-binary", "loss log is not declared"),
    ({"activations": ["sigmoid"]}, "tanh-binary", "activation tanh is not declared"),
    ({"activations": ["tanh"]}, "tanh-binary", "activation sigmoid is not declared"),
    ({"output_activations": ["identity"]}, "tanh-binary", "output activation sigmoid is not declared"),
    ({"activations": ["relu"], "output_activations": ["sigmoid"]}, "tanh-binary", "activation tanh is not declared"),
    ({"activations": ["tanh"], "output_activations": ["sigmoid"]}, "tanh-binary", None),
    ({"skips": ["masked"]}, "masked", "flag masked: declared as skipped"),
    ({"range": "moderate"}, "saturated-log", "flag saturated-output: declared range=moderate"),
]


@pytest.mark.parametrize(("declared", "slug", "reason"), SKIPPED, ids=str)
def test_a_case_is_skipped_for_the_reason_that_was_declared_and_for_no_other(declared, slug, reason):
    made = subject(**declared)(lambda case: case).backproof_subject
    assert made.skip_reason(CASES[slug]) == reason
    assert Subject(name="", run=plain).skip_reason(CASES[slug]) is None


def test_a_moderate_range_skips_saturated_outputs_alone():
    made = Subject(name="", run=plain, conventions=Conventions(range="moderate"))
    skipped = [slug for slug, case in CASES.items() if made.skip_reason(case)]
    assert skipped == [slug for slug, case in CASES.items() if "saturated-output" in case.flags]


def test_the_documented_decorator_is_the_one_that_the_package_exports():
    code = "import backproof; backproof.subject; assert callable(backproof.subject), backproof.subject"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_wrapper_of_a_decorated_function_is_the_wrapper():
    right = subject()(lambda case: case)

    @functools.wraps(right)
    def wrapper(case):
        return right(case) + 1

    assert as_subject(wrapper, "wrapper").run(1) == 2


def test_a_subclass_of_a_decorated_class_is_the_subclass():
    parent = subject()(type("Parent", (Net,), {}))
    child = type("Child", (parent,), {"__call__": lambda _, case: case + 1})
    made = as_subject(child, "child")
    run = made.run if made.name == "Parent" else made.run()
    assert run(1) == 2


def test_an_instance_of_a_decorated_class_is_that_instance():
    marked = subject()(type("Marked", (Net,), {}))
    assert as_subject(marked(bias=5), "net").run(1) == 6


def test_a_class_whose_instances_cannot_be_called_is_refused():
    with pytest.raises(UsageError):
        subject()(type("Data", (), {}))


def test_a_partial_function_can_be_decorated():
    assert subject(name="partial")(functools.partial(Net(), 3)).backproof_subject.name == "partial"
    subject()(functools.partial(Net(), 3))


def test_the_decorator_without_parentheses_works_or_says_what_to_write():
    try:
        assert subject(lambda case: case).backproof_subject
    except UsageError as error:
        assert "()" in str(error)  # noqa: PT017 - either is right


def test_replacing_a_declaration_is_validated_too():
    made = Subject(name="made", run=plain)
    assert replace(made, losses=("log",)).losses == ("log",)
    with pytest.raises(UsageError, match="losses: unknown 'hinge'"):
        replace(made, losses=("hinge",))


HINTS = [
    ({"reductoin": "mean"}, "did you mean reduction?"),
    ({"conventions": {"reduction": "mean"}}, "each is a keyword of its own, as in reduction='mean'"),
    ({"activations": ["tahn"]}, "did you mean tanh?"),
    ({"output_activations": ["idenity"]}, "did you mean identity?"),
    ({"losses": ["squarred"]}, "did you mean squared?"),
    ({"skips": ["mask"]}, "did you mean masked?"),
]


@pytest.mark.parametrize(("declared", "hint"), HINTS, ids=str)
def test_a_declaration_that_is_nearly_right_is_met_with_the_right_one(declared, hint):
    with pytest.raises(UsageError) as refused:
        subject(**declared)(lambda case: case)
    assert str(refused.value).endswith(f"; {hint}")
