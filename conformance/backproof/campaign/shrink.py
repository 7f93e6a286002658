"""Cases that hypothesis draws for a cell, and the smallest one in which a subject deviates from a clause.

hypothesis is the library for drawing and shrinking; it is imported here alone, since it takes its time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from backproof.campaign.plan import Cell
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import BackproofError, UsageError
from backproof.judge.findings import Status
from backproof.run import run_subject

MISSING = "a campaign draws cases with hypothesis, which is not installed: pip install 'backproof[campaign]'"


class _Found(Exception):  # noqa: N818 - a signal to hypothesis, no error of ours
    """A drawn case deviates."""


def drawn_cases(cell: Cell) -> list[Case]:
    """Return the cases of a cell's seed. Raises UsageError where hypothesis is not installed."""
    drawn: list[Case] = []
    _draw(cell, drawn.append, examples=cell.cases, seed=cell.seed or 0, shrink=False)
    return drawn[: cell.cases]


def smallest(cell: Cell, subject: Subject, clause: str) -> Case | None:
    """Return the smallest drawn case in which a subject deviates from a clause; None where none is found."""
    if not cell.shrink:
        return None
    found: list[Case] = []

    def judge(case: Case) -> None:
        try:
            run = run_subject(subject, [case], selected=True)
        except BackproofError:
            return
        if any(f.clause == clause and f.status is Status.DEVIATES for f in run.findings):
            found.append(case)
            raise _Found

    try:
        _draw(cell, judge, examples=cell.shrink, seed=cell.seed or 0, shrink=True)
    except _Found:
        return found[-1]
    return None


def _draw(cell: Cell, judge: Callable[[Case], None], *, examples: int, seed: int, shrink: bool) -> None:
    try:
        from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415 - an extra
        from hypothesis import seed as seeded  # noqa: PLC0415 - likewise
        from hypothesis.errors import HypothesisDeprecationWarning  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise UsageError(MISSING) from error
    from backproof.strategies import cases  # noqa: PLC0415 - it imports hypothesis

    @seeded(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(cases(widest=cell.widest, deepest=cell.deepest, dtypes=(cell.dtype,)))
    def once(case: Case) -> None:
        judge(case)

    with warnings.catch_warnings():
        # A worker's other threads draw random numbers too, which hypothesis takes for draws of the strategy.
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        once()
