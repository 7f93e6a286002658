"""A check as a suite of items, for test frameworks: one item a clause and case, and a closing one for the verdict.

Items are planned without running the subject; each case is judged when its first item is, and once. What only the whole
run shows (an undeclared f'(0) that changes, observables that differ between cases, fewer than ten cases) is the
verdict's to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from backproof.api import check, find_oracles
from backproof.case import DTYPES, Case
from backproof.catalogue import all_cases, get_case
from backproof.diagnosis import suggest_mutants
from backproof.door import Subject, as_subject
from backproof.errors import UsageError
from backproof.judge.own_loss import Factors
from backproof.loading import load_subject
from backproof.outcome import VERDICT, Item, Outcome, items, outcome, place
from backproof.run import CaseResult, Oracle, run_subject
from backproof.terminal import plain_screen
from backproof.verdict import Verdict
from backproof_spec import Clause, UnknownClauseError, clauses, get_clause


class Suite:
    """The items of one subject, judged one by one.

    subject: what `backproof.check` takes; cases: slugs or cases (None: the catalogue); dtypes, clauses: only these;
    target: the subject as the command line names it; autograd: compare with autograd (None: where torch is installed).
    Raises UsageError for a name that is not known, and where nothing is left.
    """

    def __init__(
        self,
        subject: Any,
        *,
        cases: Iterable[str | Case] | str | None = None,
        dtypes: Iterable[str] | str | None = None,
        clauses: Iterable[str] | str | None = None,
        target: str | None = None,
        autograd: bool | None = None,
    ) -> None:
        if isinstance(subject, str):
            target, subject = target or subject, load_subject(subject)
        self.subject: Subject = as_subject(subject, getattr(subject, "__name__", "subject"))
        self.target, self.autograd = target, autograd
        self.selected = not (cases is None and dtypes is None and clauses is None)
        wanted = _clauses(clauses)
        chosen = _cases(cases, _dtypes(dtypes))
        self.items = items(chosen, wanted)
        exercised = {(item.case.slug, item.case.dtype) for item in self.items}
        self.cases = [case for case in chosen if (case.slug, case.dtype) in exercised]
        if not self.items:
            msg = f"no chosen case exercises {', '.join(clause.id for clause in wanted) or 'a clause'}"
            raise UsageError(msg)
        self._known: dict[tuple[str, str], tuple[CaseResult, Factors | None]] = {}
        self._verdicts: dict[tuple[str, str], Verdict] = {}
        self._suggestions: dict[tuple[str, str], list[str]] = {}

    def judge(self, item: Item) -> Outcome:
        """Judge one item; its case is run if no item of it was judged before."""
        verdict = self._judged(item.case)
        return outcome(item, verdict, self.target, lambda: self._explained(item, verdict))

    def verdict(self) -> Outcome:
        """Judge the whole run, every case of it; what was judged before is not run again."""
        result = check(
            self.subject,
            self.cases,
            target=self.target,
            autograd=self.autograd,
            selected=self.selected,
            remembered=self._known,
        )
        message = ""
        if not result.conforms:
            message = f"the verdict is {result.verdict}, not conforms\n\n{plain_screen(result)}"
        properties = {"clause": VERDICT, "status": result.verdict, "cases": result.report["counts"]["cases"]}
        return Outcome(status=result.verdict, message=message, properties=properties)

    @cached_property
    def _oracles(self) -> list[Oracle]:
        return find_oracles("cpu", wanted=self.autograd)[0]

    def _judged(self, case: Case) -> Verdict:
        key = (case.slug, case.dtype)
        if key not in self._verdicts:
            run = run_subject(self.subject, [case], self._oracles, selected=True, known=self._known)
            self._verdicts[key] = Verdict(run)
        return self._verdicts[key]

    def _explained(self, item: Item, verdict: Verdict) -> list[str]:
        key = (item.case.slug, item.case.dtype)
        if key not in self._suggestions:
            self._suggestions[key] = [suggestion.explanation for suggestion in suggest_mutants(verdict.run)]
        return self._suggestions[key]


def _listed(given: Iterable[Any] | str) -> list[Any]:
    return [given] if isinstance(given, str | Case) else list(given)


def _dtypes(given: Iterable[str] | str | None) -> list[str]:
    chosen = list(DTYPES) if given is None else _listed(given)
    for name in chosen:
        if name not in DTYPES:
            msg = f"dtypes: unknown {name!r}; the known ones are {', '.join(DTYPES)}"
            raise UsageError(msg)
    return chosen


def _clauses(given: Iterable[str] | str | None) -> list[Clause]:
    if given is None:
        return [clause for clause in clauses() if clause.observed]
    try:
        return [get_clause(name) for name in _listed(given)]
    except UnknownClauseError as error:
        raise UsageError(str(error)) from error


def _cases(given: Iterable[str | Case] | str | None, dtypes: list[str]) -> list[Case]:
    if given is None:
        return [case for dtype in dtypes for case in all_cases(dtype)]
    chosen: list[Case] = []
    for item in _listed(given):
        if isinstance(item, Case):
            chosen += [item] if item.dtype in dtypes else []
        else:
            chosen += [get_case(item, dtype) for dtype in dtypes]
    names = [place(case) for case in chosen]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        msg = f"cases: {twice[0]} is given twice; each case needs a slug of its own"
        raise UsageError(msg)
    return chosen
