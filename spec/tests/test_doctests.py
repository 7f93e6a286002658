"""The examples in the docstrings are run."""

import doctest
import importlib
import pkgutil

import pytest

import backproof_spec

MODULES = sorted(module.name for module in pkgutil.iter_modules(backproof_spec.__path__, "backproof_spec."))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_print_what_they_say(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples_and_a_wrong_one_fails():
    """The negative twin: a wrong example is a failure."""
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 5
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(wrong, out=lambda _: None).failed == 1
