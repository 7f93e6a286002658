"""Running a subject on cases: from subject to findings, one case at a time, whatever the subject does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Protocol

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.door import Subject
from backproof.errors import ObservationError, SkipError, SubjectError
from backproof.guarded import guarded, kept_seeds
from backproof.judge.behaviour import judge_behaviour, judge_inputs
from backproof.judge.case import judge_case
from backproof.judge.findings import Finding, Judged, Status
from backproof.judge.local import Kink
from backproof.judge.own_loss import Factors, explain_factors, judge_own_loss
from backproof.observation import Observation, Record, read_observation
from backproof.probes import Account, is_large, judge_by_probes
from backproof.walk import Key


class Oracle(Protocol):
    """An independent source of the true values."""

    name: str

    def steps(self, case: Case) -> Sequence[Mapping[Key, Array]] | None:
        """Return the values of every update by (quantity, layer), or None for a case that it cannot do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of one case: findings, or why it was skipped, or the error that ended it.

    probed: how it was judged where it is too large to be judged element by element.
    """

    case: Case
    observation: Observation | None = None
    findings: tuple[Finding, ...] = ()
    kinks: tuple[Kink, ...] = ()
    skipped: str | None = None
    error: str | None = None
    probed: Account | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All results of one subject; selected: the cases are a choice, not the whole catalogue."""

    subject: Subject
    results: tuple[CaseResult, ...]
    own_loss: tuple[tuple[Case, Factors], ...] = ()
    oracles: tuple[str, ...] = ()
    selected: bool = False
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def findings(self) -> list[Finding]:
        """All findings, smallest case first."""
        return [finding for result in self.results for finding in result.findings]

    @property
    def quantities(self) -> frozenset[str]:
        """The names of the quantities that were shown in any case."""
        shown = [result.observation.quantities for result in self.results if result.observation is not None]
        return frozenset().union(*shown)


Known = MutableMapping[tuple[str, str], tuple[CaseResult, Factors | None]]
Progress = Callable[[int, int, Case], None]


def run_subject(
    subject: Subject,
    cases: Iterable[Case],
    oracles: Sequence[Oracle] = (),
    progress: Progress | None = None,
    *,
    selected: bool = False,
    known: Known | None = None,
    once: bool = False,
) -> Run:
    """Run a subject on cases and judge what it shows; an error in one case never ends the run.

    progress: called before each case with its number, the number of cases, and the case; selected: the cases are a
    choice, so that fewer than ten may conform; known: cases judged before, which are not run again; new ones are added;
    once: call the subject once a case, and leave out the behaviour clauses that need further calls.
    """
    chosen = [case.under(subject.conventions) for case in cases]
    results, pairs = [], []
    for number, case in enumerate(chosen, 1):
        if progress is not None:
            progress(number, len(chosen), case)
        with kept_seeds():
            result, factors = _remembered(subject, case, oracles, known, once=once)
        results.append(result)
        if factors is not None:
            pairs.append((case, factors))
    results = _require_observables(subject, results)
    results = _constant_kinks(results)
    return Run(
        subject=subject,
        results=tuple(results),
        own_loss=tuple(pairs),
        oracles=tuple(oracle.name for oracle in oracles),
        selected=selected,
        notes=(*explain_factors(pairs), *subject.told()),
    )


def answer(subject: Subject, case: Case, given: Case | None = None, seed: int = 0) -> Observation:
    """Run a subject on a private copy of a case (`given`, or one made here) and read its answer.

    seed: of the global random numbers during the call.

    Raises SubjectError when the subject raises or answers nonsense. What it prints goes to standard error.
    """
    copy = case.for_subject() if given is None else given
    return guarded(lambda: read_observation(subject.run(copy), case), seed=seed)


def _remembered(
    subject: Subject, case: Case, oracles: Sequence[Oracle], known: Known | None, *, once: bool
) -> tuple[CaseResult, Factors | None]:
    if known is None:
        return judged_case(subject, case, oracles, once=once)
    key = (case.slug, case.dtype)
    if key not in known:
        known[key] = judged_case(subject, case, oracles, once=once)
    return known[key]


def judged_case(
    subject: Subject, case: Case, oracles: Sequence[Oracle], *, once: bool = False
) -> tuple[CaseResult, Factors | None]:
    """Return what became of one case, and the factors of its reported loss where that deviates."""
    reason = subject.skip_reason(case)
    if reason is not None:
        return CaseResult(case=case, skipped=reason), None
    if is_large(case):
        return _run_large(subject, case), None
    given = case.for_subject()
    try:
        observation = answer(subject, case, given)
        values = {}
        for oracle in oracles:
            steps = oracle.steps(case)
            if steps is not None:
                values[oracle.name] = steps
        judged = judge_case(case, observation, values)
    except SkipError as skip:
        return CaseResult(case=case, skipped=str(skip)), None
    except SubjectError as error:
        return CaseResult(case=case, error=f"{error}{_hint(case, error)}"), None
    findings, factors = list(judged.findings), None
    if subject.in_process:
        findings.append(judge_inputs(case, case.for_subject(), given))
    wrong = [finding for finding in findings if finding.status is Status.DEVIATES]
    own = judge_own_loss(
        case,
        judged.first_update,
        judged.truth,
        lambda moved: _reported_loss(subject, moved),
        deviates=any(finding.quantity != "loss" for finding in wrong if finding.judged is not Judged.BEHAVIOUR),
    )
    if own is not None:
        findings.append(own[0])
        factors = own[1] if own[0].status is Status.DEVIATES else None
    seeds = count(1)
    try:
        findings += judge_behaviour(
            case,
            observation,
            judged.truth,
            None if once else lambda asked, memory: answer(subject, asked, asked.for_subject(memory), next(seeds)),
            in_process=subject.in_process,
            deviates=bool(wrong),
        )
    except SubjectError as error:
        return CaseResult(case=case, error=str(error)), None
    return CaseResult(case=case, observation=observation, findings=tuple(findings), kinks=judged.kinks), factors


def _hint(case: Case, error: SubjectError) -> str:
    """Return what most likely helps where biases that are not there are the reason."""
    of_none = "no-biases" in case.flags and "NoneType" in str(error)
    return '; a layer of this case has no biases (None): skip such cases with skips=["no-biases"]' if of_none else ""


def _run_large(subject: Subject, case: Case) -> CaseResult:
    """Judge a case by probes; what the subject shows is not kept."""
    try:
        probed = judge_by_probes(case, guarded(lambda: subject.run(case.for_subject())))
    except SkipError as skip:
        return CaseResult(case=case, skipped=str(skip))
    except SubjectError as error:
        return CaseResult(case=case, error=str(error))
    shown = Observation((Record(probed.shown),))
    return CaseResult(case=case, observation=shown, findings=probed.findings, probed=probed.account)


def _reported_loss(subject: Subject, case: Case) -> float | None:
    try:
        loss = answer(subject, case).steps[0].get("loss", 0)
    except (SubjectError, IndexError):
        return None
    return float(loss) if loss is not None and loss.shape == () and np.isfinite(loss) else None


def _require_observables(subject: Subject, results: Sequence[CaseResult]) -> list[CaseResult]:
    """Make it an error of a case when a quantity that was declared, or shown in another case, is missing there."""
    judged = [result for result in results if result.observation is not None]
    shown = [set(result.observation.quantities) for result in judged if result.observation is not None]
    wanted = set(subject.observes or ()).union(*shown)
    checked = []
    for result in results:
        if result.observation is None:
            checked.append(result)
            continue
        missing = sorted(wanted - result.observation.quantities)
        without_biases = all(layer.biases is None for layer in result.case.layers)
        missing = [name for name in missing if not (without_biases and name in ("biases", "bias_gradients"))]
        if missing:
            promised = "declared" if missing[0] in (subject.observes or ()) else "shown in other cases"
            msg = f"{missing[0]} is not shown in this case, although it is {promised}"
            checked.append(CaseResult(case=result.case, error=str(ObservationError(msg))))
        else:
            checked.append(result)
    return checked


def _constant_kinks(results: Sequence[CaseResult]) -> list[CaseResult]:
    """Let an undeclared f'(0) be any one value, but the same one everywhere: E17 deviates where it changes."""
    first: dict[str, Kink] = {}
    checked = []
    for result in results:
        findings = list(result.findings)
        for kink in result.kinks:
            known = first.setdefault(kink.activation, kink)
            if abs(kink.value - known.value) <= kink.error + known.error:
                continue
            findings.append(
                Finding(
                    clause="E17",
                    quantity="deltas",
                    case=result.case.slug,
                    dtype=result.case.dtype,
                    step=1,
                    layer=kink.layer,
                    judged=Judged.LOCAL,
                    status=Status.DEVIATES,
                    index=kink.index,
                    got=kink.value,
                    expected=known.value,
                    tolerance=kink.error + known.error,
                    ratio=abs(kink.value - known.value) / (kink.error + known.error),
                    message=f"f'(0) of {kink.activation} is not the same everywhere",
                )
            )
        checked.append(replace(result, findings=tuple(findings)))
    return checked
