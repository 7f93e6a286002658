"""Known deviations: a file that names them, each with its reason, so that they are expected, and drift is an error.

[[expected]]
clause = "B-own-loss"     # or a case, or both
reason = "documented: the loss is a mean over the outputs"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backproof.catalogue import get_case
from backproof.errors import UsageError
from backproof.judge.findings import Finding, Status
from backproof.run import Run
from backproof.toml_files import read_toml
from backproof_spec import UnknownClauseError, get_clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One known deviation; what is None fits any. diagnosis: the name of the first suggestion, where that is known."""

    reason: str
    clause: str | None = None
    case: str | None = None
    dtype: str | None = None
    diagnosis: str | None = None
    reproduction: str | None = None

    def fits(self, finding: Finding) -> bool:
        """Whether a finding is of this clause, case and dtype."""
        pairs = ((self.clause, finding.clause), (self.case, finding.case), (self.dtype, finding.dtype))
        return all(wanted is None or wanted == found for wanted, found in pairs)

    def __str__(self) -> str:
        """Return what is expected to deviate."""
        named = {"clause": self.clause, "case": self.case, "dtype": self.dtype}
        return ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)


def load_expectations(path: Path) -> list[Expectation]:
    """Return the expectations of a TOML file. Raises UsageError with the file, the entry and what is wrong with it."""
    data = read_toml(path, "expectations-1", option="--expect", expected="[[expected]] entries", told=_told)
    return [_expectation(path, number, entry) for number, entry in enumerate(data["expected"], 1)]


def _told(error: Any) -> str:
    place = list(error.absolute_path)
    where = f"entry {int(place[1]) + 1}" if len(place) > 1 else "the file"
    if error.validator == "anyOf":
        return f"{where}: name a clause or a case"
    known = "clause, case, dtype, diagnosis, reason (mandatory), reproduction"
    return f"{where}: {error.message}; an entry has {known}"


def _expectation(path: Path, number: int, entry: dict[str, str]) -> Expectation:
    try:
        if "clause" in entry:
            entry = {**entry, "clause": get_clause(entry["clause"]).id}
        if "case" in entry:
            get_case(entry["case"])
    except (UnknownClauseError, UsageError) as error:
        msg = f"--expect {path}: entry {number}: {error}"
        raise UsageError(msg) from error
    return Expectation(**entry)


def expect(run: Run, expectations: Sequence[Expectation]) -> Run:
    """Return the run with every deviation that fits an expectation marked as expected."""

    def known(finding: Finding) -> Finding:
        fits = finding.status is Status.DEVIATES and any(entry.fits(finding) for entry in expectations)
        return replace(finding, status=Status.EXPECTED) if fits else finding

    results = tuple(replace(result, findings=tuple(map(known, result.findings))) for result in run.results)
    return replace(run, results=results)


def unmet(run: Run, expectations: Sequence[Expectation], first: str | None) -> list[str]:
    """Return what is wrong with each expectation that is not met: it no longer deviates, or by another name.

    run: as `expect` returns it; first: the name of the first suggestion. An entry of which nothing was judged says
    nothing where the cases are a choice.
    """
    told = []
    for entry in expectations:
        judged = [finding for finding in run.findings if entry.fits(finding)]
        if any(finding.status is Status.EXPECTED for finding in judged):
            if entry.diagnosis is not None and not run.selected and entry.diagnosis != first:
                told.append(f"{entry}: the first suggestion is {first or 'none'}, {entry.diagnosis} was expected")
        elif judged:
            told.append(f"{entry}: it no longer deviates; remove the entry ({entry.reason})")
        elif not run.selected:
            told.append(f"{entry}: nothing of it was judged; remove the entry ({entry.reason})")
    return told
