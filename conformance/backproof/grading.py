"""Grading: every submission of a folder judged in a process of its own, with a time limit, and its points by clause.

A submission that crashes, hangs or cannot be loaded gets what it has shown, and never ends the others.
"""

from __future__ import annotations

import csv
import io
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from backproof.api import Result, check
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import BackproofError, SubjectError, UsageError
from backproof.judge.findings import Judged, Status
from backproof.rubric import Rubric
from backproof.run import Progress
from backproof.verdict import Verdict, exercises
from backproof.wire.subject import command_subject, isolated_subject
from backproof_spec import Clause, get_clause

EARNS = {Status.PASSED, Status.REDUCED}
SHEET = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Submission:
    """One file to be graded: its name below the folder, and what is judged, in words of the command line."""

    name: str
    path: Path
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grade:
    """What a submission earned: points by clause id, its verdict, why it is not judged, and the result to show."""

    name: str
    verdict: str
    points: dict[str, float]
    reason: str = ""
    result: Result | None = field(default=None, repr=False)

    @property
    def total(self) -> float:
        """The points in all."""
        return sum(self.points.values())


def submissions(folder: Path, rubric: Rubric) -> list[Submission]:
    """Return the submissions of a folder in the order of their names. Raises UsageError where there are none."""
    if not folder.is_dir():
        msg = f"{folder}: expected a folder of submissions; there is none"
        raise UsageError(msg)
    found = [path for path in sorted(folder.glob(rubric.files)) if path.is_file()]
    if not found:
        msg = f"{folder}: no file fits the pattern {rubric.files!r} of the rubric"
        raise UsageError(msg)
    return [_submission(path, folder, rubric) for path in found]


def _submission(path: Path, folder: Path, rubric: Rubric) -> Submission:
    name = path.relative_to(folder).as_posix()
    if rubric.subject:
        return Submission(name, path, (f"{path}:{rubric.subject}", "--isolate"))
    words = [word.replace("{file}", str(path)) for word in shlex.split(rubric.command)]
    return Submission(name, path, ("--command", shlex.join(words)))


def grade(submission: Submission, rubric: Rubric, memory: int | None = None, progress: Progress | None = None) -> Grade:
    """Judge one submission in a process of its own and return what it earned; it never raises for what that does."""
    try:
        with _started(submission, rubric, memory) as subject:
            limited = replace(subject, name=submission.name, run=_limited(subject, rubric.time_limit))
            result = check(
                limited,
                rubric.chosen(),
                target=submission.words,
                autograd=False,
                progress=progress,
                selected=rubric.selected,
            )
    except BackproofError as error:
        return Grade(submission.name, "broken", dict.fromkeys(rubric.points, 0.0), str(error))
    errors = result.report["errors"]
    reason = f"{errors[0]['case']} ({errors[0]['dtype']}): {errors[0]['message']}" if errors else ""
    if not reason and result.report["first_deviation"]:
        reason = result.report["first_deviation"]["message"]
    return Grade(submission.name, result.verdict, earned(result.judged, rubric), reason, result)


def _started(submission: Submission, rubric: Rubric, memory: int | None) -> Subject:
    limit = min(rubric.request_limit, rubric.time_limit)
    if rubric.subject:
        return isolated_subject(submission.words[0], timeout=limit, memory=memory)
    return command_subject(submission.words[1], timeout=limit, memory=memory)


def _limited(subject: Subject, seconds: float) -> Any:
    """Return the subject's run, which is asked no more once it has run for so long; judging does not count."""
    spent = 0.0

    def run(case: Case) -> Any:
        nonlocal spent
        if spent >= seconds:
            msg = f"not asked: its time limit of {seconds:g} s is used up"
            raise SubjectError(msg)
        start = time.monotonic()
        try:
            return subject.run(case)
        finally:
            spent += time.monotonic() - start

    return run


def earned(verdict: Verdict, rubric: Rubric) -> dict[str, float]:
    """Return the points by clause: all of them where it is shown to be right, else none.

    A clause is judged at the submission's own upstream values, so that a mistake before it costs nothing twice; where
    it can only be judged end to end, what is downstream of a deviation is not shown to be right. Vacuous, skipped and
    not observed earn nothing, nor does a clause one of whose cases errored.
    """
    errored = [result.case for result in verdict.run.results if result.error is not None]
    return {
        name: points
        if _shown_right(verdict, get_clause(name)) and not any(exercises(case, get_clause(name)) for case in errored)
        else 0.0
        for name, points in rubric.points.items()
    }


def _shown_right(verdict: Verdict, clause: Clause) -> bool:
    names = set(clause.via or (clause.id,))
    found = [
        finding
        for result in verdict.run.results
        if exercises(result.case, clause)
        for finding in result.findings
        if finding.clause in names or not names.isdisjoint(finding.carries)
    ]
    own = [finding for finding in found if finding.judged is not Judged.END_TO_END] or found
    statuses = {finding.status for finding in own} - {Status.VACUOUS}
    return bool(statuses) and statuses <= EARNS


def file_names(found: Sequence[Submission]) -> dict[str, str]:
    """Return the names of the report files by submission, each its own. Raises UsageError where two would be one."""
    names: dict[str, str] = {}
    for submission in found:
        name = submission.name.replace("/", "-")
        if name in names.values():
            msg = f"{submission.name}: its report would have the name of another one's, {name}; rename one of the two"
            raise UsageError(msg)
        names[submission.name] = name
    return names


def table(grades: Sequence[Grade], rubric: Rubric) -> str:
    """Return the table as CSV: one row a submission, one column a clause."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["submission", "points", "of", "verdict", *rubric.points, "reason"])
    for one in grades:
        row = [one.name, f"{one.total:g}", f"{rubric.total:g}", one.verdict]
        writer.writerow([*map(_cell, row), *(f"{points:g}" for points in one.points.values()), _cell(one.reason)])
    return written.getvalue()


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a submission says what it likes in an error."""
    return f"'{text}" if text.startswith(SHEET) else text


def rows(grades: Sequence[Grade], rubric: Rubric) -> Iterator[list[str]]:
    """Yield the rows of the printed table: submission, points, verdict, and the clauses that earned nothing."""
    for one in grades:
        lost = [name for name, points in one.points.items() if not points]
        yield [one.name, f"{one.total:g} of {rubric.total:g}", one.verdict, " ".join(lost)]
