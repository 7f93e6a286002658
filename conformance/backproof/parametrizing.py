"""`backproof.parametrize`: the clauses and cases as test items of an adopter's own suite.

    from backproof import parametrize

    @parametrize(my_net)
    def test_backprop(check):
        check()

pytest is imported here and nowhere else but in the plug-in: it runs the adopter's tests, and is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest

from backproof.case import Case
from backproof.errors import BackproofError
from backproof.outcome import VERDICT, Outcome
from backproof.suite import Suite


class Check:
    """What the test function is handed: calling it judges one item, and fails or skips the test as that says."""

    def __init__(self, name: str, judge: Callable[[], Outcome]) -> None:
        self.name, self.judge = name, judge
        self.called = False
        self.properties: dict[str, Any] = {}

    def __call__(self) -> None:
        """Judge the item; return when it passes."""
        __tracebackhide__ = True
        self.called = True
        settle(self)

    def __repr__(self) -> str:
        """Return the name of the item."""
        return f"<check {self.name}>"


def settle(check: Check) -> None:
    """Turn an outcome into pytest's: return, skip with the reason, or fail with the message."""
    __tracebackhide__ = True
    try:
        outcome = check.judge()
    except BackproofError as error:
        pytest.fail(f"the kit could not judge this: {error}", pytrace=False)
    check.properties = outcome.properties
    if outcome.skipped:
        pytest.skip(outcome.message)
    if outcome.message:
        pytest.fail(outcome.message, pytrace=False)


def checks(suite: Suite) -> Iterator[Check]:
    """Return a check for each item of a suite, in its order, and the closing one for the verdict."""
    for item in suite.items:
        yield Check(item.id, partial(suite.judge, item))
    yield Check(VERDICT, suite.verdict)


def parametrize(
    subject: Any,
    /,
    *,
    cases: Iterable[str | Case] | str | None = None,
    dtypes: Iterable[str] | str | None = None,
    clauses: Iterable[str] | str | None = None,
    target: str | None = None,
    autograd: bool | None = None,
) -> pytest.MarkDecorator:
    """Return the decorator that makes a test of `check` one item for each clause, case and dtype, and a verdict.

    subject: a function of a case, what is marked with @backproof.subject, or a name as on the command line; cases:
    slugs or cases; dtypes, clauses: only these; target: how the command line names the subject, for the line that
    reproduces a failure; autograd: compare with PyTorch autograd as well (None: where torch is installed).
    Raises UsageError for a name that is not known, and where nothing is left.
    """
    suite = Suite(subject, cases=cases, dtypes=dtypes, clauses=clauses, target=target, autograd=autograd)
    return pytest.mark.parametrize("check", [pytest.param(check, id=check.name) for check in checks(suite)])
