"""The pytest plug-in: `pytest --backproof TARGET` judges a subject with no test written.

It is loaded in every run of pytest on the machine, so that it imports nothing but pytest before it is asked for.
Without paths on the command line only the subject is judged; with paths, their tests run as well.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import redirect_stdout
from typing import Any

import pytest

SUITE = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --backproof and --backproof-no-autograd."""
    group = parser.getgroup("backproof", "judging an implementation of backpropagation")
    group.addoption(
        "--backproof",
        metavar="TARGET",
        help="judge TARGET (FILE.py:NAME, module:NAME or a name): one item a clause and case, and the verdict; other "
        "tests are collected only from paths on the command line",
    )
    group.addoption(
        "--backproof-no-autograd", action="store_true", help="with --backproof: do not compare with PyTorch autograd"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Find the subject before anything is collected; a wrong target is a usage error."""
    target = config.getoption("backproof")
    if target is None:
        return
    from backproof.errors import BackproofError  # noqa: PLC0415 - only where it is asked for
    from backproof.suite import Suite  # noqa: PLC0415 - likewise: NumPy and ball arithmetic

    try:
        with redirect_stdout(sys.stderr):
            suite = Suite(target, autograd=False if config.getoption("backproof_no_autograd") else None)
    except BackproofError as error:
        msg = f"--backproof: {error}"
        raise pytest.UsageError(msg) from error
    config.stash[SUITE] = suite
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the subject's items to what the session collects."""
    report = yield
    if isinstance(collector, pytest.Session) and SUITE in collector.config.stash:
        from backproof.pytest_items import SuiteCollector  # noqa: PLC0415 - only where it is asked for

        found = SuiteCollector.from_parent(collector, name="backproof", suite=collector.config.stash[SUITE])
        report.result = [*report.result, found]
    return report


def _check_of(item: pytest.Item) -> Any:
    """Return the check that an item runs, be it the plug-in's own or that of `parametrize`; None for other tests."""
    if hasattr(item, "backproof_check"):
        return item.backproof_check
    parametrizing = sys.modules.get("backproof.parametrizing")
    callspec = getattr(item, "callspec", None)
    if parametrizing is None or callspec is None:
        return None
    return next((value for value in callspec.params.values() if isinstance(value, parametrizing.Check)), None)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that was handed a check and never called it: it would pass without judging anything."""
    result = yield
    check = _check_of(pyfuncitem)
    if check is not None and not check.called:
        pytest.fail("the test did not call check(): nothing was judged", pytrace=False)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Put clause, case, dtype, status and worst ratio into the report, where xdist and JUnit XML find them."""
    if call.when == "call":
        check = _check_of(item)
        if check is not None:
            item.user_properties.extend((f"backproof_{name}", value) for name, value in check.properties.items())
