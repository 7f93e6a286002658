"""Judging cases in several processes: the same results as in one, whoever judged which.

A subject cannot be handed from process to process; each loads it by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache

from backproof.api import find_oracles
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import SubjectError
from backproof.judge.own_loss import Factors
from backproof.loading import load_subject
from backproof.processes import process_pool
from backproof.run import CaseResult, Known, Oracle, Progress, judged_case


def judge_in_processes(
    target: str,
    subject: Subject,
    cases: Sequence[Case],
    jobs: int,
    *,
    device: str = "cpu",
    autograd: bool | None = None,
    progress: Progress | None = None,
) -> Known:
    """Return the result of every case by (slug, dtype), judged in `jobs` processes.

    target: the subject as the command line names it; subject: the same, loaded here.
    Raises SubjectError when a process ends: the subject ended it.
    """
    chosen = [case.under(subject.conventions) for case in cases]
    known: Known = {}
    with process_pool(jobs) as pool:
        tasks = [pool.submit(_judge, target, case, device, autograd) for case in chosen]
        for number, (case, task) in enumerate(zip(chosen, tasks, strict=True), 1):
            if progress is not None:
                progress(number, len(chosen), case)
            try:
                known[case.slug, case.dtype] = task.result()
            except BrokenProcessPool as error:
                msg = f"{target} ended the process that judged it: `--isolate` says in which case"
                raise SubjectError(msg) from error
    return known


def _judge(target: str, case: Case, device: str, autograd: bool | None) -> tuple[CaseResult, Factors | None]:  # noqa: FBT001 - of this module alone
    subject, oracles = _loaded(target, device, autograd)
    return judged_case(subject, case, oracles)


@lru_cache(maxsize=1)
def _loaded(target: str, device: str, autograd: bool | None) -> tuple[Subject, list[Oracle]]:  # noqa: FBT001 - likewise
    return load_subject(target, device), find_oracles(device, wanted=autograd)[0]
