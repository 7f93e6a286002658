"""The items of `pytest --backproof TARGET`, as pytest's own nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backproof.parametrizing import Check, checks
from backproof.suite import Suite


class SuiteCollector(pytest.Collector):
    """The items of one subject."""

    def __init__(self, *, suite: Suite, **node: Any) -> None:
        super().__init__(nodeid=node["name"], **node)
        self.suite = suite

    def collect(self) -> Iterator[CheckItem]:
        """Return an item for each clause and case, and the closing one for the verdict."""
        for check in checks(self.suite):
            yield CheckItem.from_parent(self, name=check.name, check=check)


class CheckItem(pytest.Item):
    """One clause in one case, or the verdict."""

    def __init__(self, *, check: Check, **node: Any) -> None:
        super().__init__(**node)
        self.backproof_check = check

    def runtest(self) -> None:
        """Judge it."""
        self.backproof_check()

    def reportinfo(self) -> tuple[Any, None, str]:
        """Return where it stands: nowhere in a file, under its name."""
        return self.path, None, self.name
