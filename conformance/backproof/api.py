"""Judging a subject from Python: `backproof.check(my_net)`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backproof.case import DTYPES, Case
from backproof.catalogue import all_cases, narrow_cases
from backproof.diagnosis import Suggestion, suggest_conventions, suggest_mutants
from backproof.door import Subject, as_subject
from backproof.errors import UsageError
from backproof.expectation import expect as mark_expected
from backproof.expectation import load_expectations, unmet
from backproof.judge.end_to_end import agreement
from backproof.loading import load_subject
from backproof.report import build_report
from backproof.run import Known, Oracle, Progress, run_subject
from backproof.truth import Truth, float_spec, truth_of
from backproof.verdict import Verdict

WITHOUT_TORCH = "not run: torch is not installed"


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """The outcome of a check: the verdict, the suggestions, and the report as data.

    unmet: what is wrong with each expectation that is not met.
    """

    judged: Verdict
    diagnosis: list[Suggestion]
    report: dict[str, Any]
    unmet: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The verdict: conforms, deviates, broken or incomplete."""
        return self.judged.name

    @property
    def conforms(self) -> bool:
        """Whether the verdict is `conforms`, and every expectation is met."""
        return self.verdict == "conforms" and not self.unmet

    def page(self) -> str:
        """Return the report as one self-contained HTML page."""
        from backproof.page.report_page import report_page  # noqa: PLC0415 - templates are for those who look

        return report_page(self.judged, self.report)

    def _repr_html_(self) -> str:
        """Return the page in a frame, for notebooks: its styles and its anchors are its own."""
        from html import escape  # noqa: PLC0415 - likewise

        told = escape(f"{self.report['subject']['name']}: {self.verdict}")
        frame = "width:100%;height:40rem;border:1px solid #8884;border-radius:6px"
        return f'<iframe title="backproof report, {told}" style="{frame}" srcdoc="{escape(self.page())}"></iframe>'

    def __repr__(self) -> str:
        """Return the verdict in one line, with the first deviation where there is one."""
        first = self.report["first_deviation"]
        return f"<{self.report['subject']['name']}: {self.verdict}{'' if first is None else '. ' + first['message']}>"


def check(
    subject: Any,
    cases: Iterable[Case] | None = None,
    *,
    target: str | Sequence[str] | None = None,
    autograd: bool | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    selected: bool | None = None,
    expect: str | Path | None = None,
    remembered: Known | None = None,
    further: Sequence[Oracle] = (),
) -> Result:
    """Judge a subject on the catalogue (or on the given cases) and return the result.

    subject: a function of a case, anything marked with @backproof.subject, or a name as on the command line;
    target: how it is called there, in one word or several; autograd: compare with PyTorch autograd as well (None: where
    torch is installed);
    device: where autograd runs; selected: the cases are a choice, so that fewer than ten may conform (None: if cases
    are given); expect: a file of known deviations; remembered: cases judged before, which are not run again;
    further: oracles beside the spec and autograd, such as the stored values of the vectors.

    Raises UsageError for a wrong name or file, and OracleError when the oracles do not agree among themselves.
    """
    selected = cases is not None if selected is None else selected
    if isinstance(subject, str):
        target, subject = target or subject, load_subject(subject, device)
    made = subject if isinstance(subject, Subject) else as_subject(subject, getattr(subject, "__name__", "subject"))
    known = [] if expect is None else load_expectations(Path(expect))
    chosen = list(all_cases() if cases is None else cases)
    if not selected:
        there = {case.slug for case in chosen}
        narrow = [case for dtype in DTYPES for family in made.narrow for case in narrow_cases(dtype, family)]
        chosen += [case for case in narrow if case.slug not in there]
    with made:
        oracles, without = find_oracles(device, wanted=autograd)
        oracles = [*oracles, *further]
        run = run_subject(made, chosen, oracles, progress, selected=selected, known=remembered)
    in_full = replace(run, results=tuple(result for result in run.results if result.probed is None))
    diagnosis = suggest_conventions(in_full) or suggest_mutants(in_full)
    run = mark_expected(run, known)
    verdict, wrong = Verdict(run), unmet(run, known, diagnosis[0].name if diagnosis else None)
    judged = [result.case for result in verdict.judged if result.probed is None]
    agreements = [*check_oracles(judged, oracles), *without]
    report = build_report(verdict, target, diagnosis=diagnosis, oracles=agreements, device=device, expectations=known)
    return Result(verdict, diagnosis, report, tuple(wrong))


def find_oracles(device: str, *, wanted: bool | None) -> tuple[list[Oracle], list[dict[str, Any]]]:
    """Return the oracles beside the spec, and what the report says of those that are absent."""
    if wanted is False:
        return [], [{"name": "autograd", "status": "not run: not asked for"}]
    if importlib.util.find_spec("torch") is None:
        return [], [{"name": "autograd", "status": WITHOUT_TORCH}]
    from backproof.autograd.oracle import AutogradOracle  # noqa: PLC0415 - torch takes seconds to import

    try:
        return [AutogradOracle(device)], []
    except ValueError as error:
        raise UsageError(str(error)) from error


def check_oracles(cases: list[Case], oracles: list[Oracle]) -> list[dict[str, Any]]:
    """Hold the oracles against one another before they judge anyone, and return what the report says of them.

    Each must lie within the worst case of correct code in its own dtype around the exact values.
    Raises OracleError, naming the oracle and the case, where one does not.
    """
    if not cases:
        names = ["spec in ball arithmetic", "spec in floats", *(oracle.name for oracle in oracles)]
        return [{"name": name, "status": "not asked: no case is judged element by element"} for name in names]
    truths: list[tuple[Case, Truth]] = [(case, truth_of(case)) for case in cases]
    found: list[dict[str, Any]] = [
        {"name": "spec in ball arithmetic", "status": "exact", "cases": len(truths), "largest_ratio": 0.0}
    ]
    ratios = [agreement(case, truth, float_spec(case), case.dtype, "spec in floats") for case, truth in truths]
    found.append(_agreed("spec in floats", ratios))
    for oracle in oracles:
        pairs = [(case, truth, oracle.steps(case)) for case, truth in truths]
        ratios = [
            agreement(case, truth, steps, "float64", oracle.name) for case, truth, steps in pairs if steps is not None
        ]
        found.append(_agreed(oracle.name, ratios))
    return found


def _agreed(name: str, ratios: list[float]) -> dict[str, Any]:
    return {"name": name, "status": "agrees", "cases": len(ratios), "largest_ratio": max(ratios, default=0.0)}
