"""The report as one self-contained page: what is wrong and where, drawn; every clause, deviation and case linkable."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from backproof.balls import middle
from backproof.case import Case
from backproof.judge.findings import Finding, Judged, Status
from backproof.page.bars import Bars, Row, bars
from backproof.page.network import Drawing, drawing
from backproof.page.rendering import render
from backproof.run import CaseResult
from backproof.sentences import NOUNS
from backproof.truth import truth_of
from backproof.verdict import Verdict
from backproof_spec import clauses, get_clause

MOST_DEVIATIONS = 300
MOST_LAYERS = 4
MOST_WEIGHTS = 100_000  # beyond, nothing is computed exactly for a drawing alone
JUDGED = {
    "local": "at your own upstream values",
    "end-to-end": "end to end against",
    "presence": "by what is there at all",
    "behaviour": "by what further calls show",
}
WORST_FIRST = (Status.DEVIATES, Status.EXPECTED, Status.DOWNSTREAM, Status.REDUCED, Status.PASSED, Status.VACUOUS)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case of the table: what became of it, and the clauses that deviate there."""

    anchor: str
    slug: str
    dtype: str
    network: str
    loss: str
    status: str
    checks: int
    worst_ratio: float | str | None
    deviating: tuple[str, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The case that is drawn: its network, error over tolerance and |delta| by layer."""

    case: Case
    drawing: Drawing
    ratios: Bars | None
    deltas: Bars | None
    deltas_told: str


def report_page(verdict: Verdict, report: dict[str, Any]) -> str:
    """Return the page of a verdict and its report `backproof/report/1`, as HTML."""
    first = verdict.first_deviation
    deviations = _anchored(report["deviations"])
    return render(
        "report.html.j2",
        report=report,
        title=f"{report['subject']['name']}: {report['verdict']}",
        first=deviations[0] if deviations else None,
        strip=None if first is None else _strip(first),
        equation=None if first is None else get_clause(first.clause),
        shown=_shown(verdict),
        deviations=deviations[:MOST_DEVIATIONS],
        left_out=len(deviations[MOST_DEVIATIONS:]),
        cases=[_row(result) for result in verdict.run.results],
        errors=Counter(error["message"] for error in report["errors"]),
        skips=Counter(skip["reason"] for skip in report["skipped"]),
        judged=JUDGED,
        statements={clause.id: clause.statement for clause in clauses()},
    )


def _anchored(deviations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the deviations, each with an anchor of its own that says what it is."""
    seen: Counter[str] = Counter()
    found = []
    for entry in deviations:
        parts = [entry["clause"], entry["case"], entry["dtype"], entry["quantity"], f"step{entry['step']}"]
        parts += [f"layer{entry['layer']}"] if entry["layer"] else []
        anchor = "-".join(parts)
        seen[anchor] += 1
        found.append({**entry, "anchor": anchor if seen[anchor] == 1 else f"{anchor}-{seen[anchor]}"})
    return found


def case_anchor(slug: str, dtype: str) -> str:
    """Return the anchor of a case."""
    return f"case-{slug}-{dtype}"


def _strip(finding: Finding) -> Bars | None:
    """Return what was shown, what is right, the error and the tolerance, on one scale."""
    got, expected, tolerance = finding.got, finding.expected, finding.tolerance
    if got is None or expected is None or tolerance is None:
        return None
    rows = [
        Row("yours", got, "got"),
        Row("the equation's", expected, "expected"),
        Row("error", abs(got - expected), "error"),
        Row("tolerance", tolerance, "tolerance"),
    ]
    return bars("Sizes on a log scale", rows, limit=tolerance or None, limit_text="tolerance")


def _shown(verdict: Verdict) -> Shown | None:
    """Return what is drawn: the case of the first deviation, else the worked example, else a deep one."""
    first = verdict.first_deviation
    judged = {(result.case.slug, result.case.dtype): result for result in verdict.judged}
    if not judged:
        return None
    if first is not None:
        result = judged[first.case, first.dtype]
    else:
        small = [result for result in judged.values() if result.case.depth <= MOST_LAYERS] or judged.values()
        deepest = max(small, key=lambda result: (result.case.depth, result.case.dtype == "float64"))
        result = judged.get(("worked-example", "float64"), deepest)
    deltas, told = _deltas(result)
    return Shown(result.case, drawing(result.case, first), _ratios(result), deltas, told)


def _ratios(result: CaseResult) -> Bars | None:
    """Return the largest error over tolerance of each quantity of each layer, in the first update that deviates."""
    layered = [finding for finding in result.findings if finding.layer and finding.judged is not Judged.BEHAVIOUR]
    step = next((finding.step for finding in layered if finding.status is Status.DEVIATES), 1)
    found: dict[tuple[int, str], Finding] = {}
    for finding in layered:
        if finding.step != step or finding.status is Status.VACUOUS:
            continue
        known = found.setdefault((finding.layer, finding.quantity), finding)
        if WORST_FIRST.index(finding.status) < WORST_FIRST.index(known.status) or (
            finding.status is known.status and finding.ratio > known.ratio
        ):
            found[finding.layer, finding.quantity] = finding
    order = list(NOUNS)
    rows = [
        Row(f"layer {layer} · {NOUNS[quantity]}", finding.ratio, finding.status.value)
        for (layer, quantity), finding in sorted(found.items(), key=lambda item: (item[0][0], order.index(item[0][1])))
    ]
    return bars("Largest error over tolerance, by layer", rows, limit=1.0, limit_text="1: the limit") if rows else None


def _deltas(result: CaseResult) -> tuple[Bars | None, str]:
    """Return the largest |delta| of each layer, as shown and as it is."""
    observation, case = result.observation, result.case
    if sum(above * below for above, below in pairwise(case.widths)) > MOST_WEIGHTS:
        return None, ""
    exact = truth_of(case).steps[0]
    steps = () if observation is None else observation.steps
    rows = []
    for layer in range(1, case.depth + 1):
        right = float(np.abs(middle(exact["deltas", layer].exact)).max())
        mine = steps[0].get("deltas", layer) if steps else None
        if mine is None or mine.size == 0 or mine.dtype.kind not in "fiu":
            rows.append(Row(f"layer {layer}", right, "expected"))
        else:
            rows.append(Row(f"layer {layer}", _largest(mine), "got", right))
    shown = all(row.kind == "got" for row in rows)
    told = "yours; the mark is the exact one" if shown else "the exact ones: yours are not shown"
    return bars("Largest |δ| by layer", rows), told


def _largest(values: Any) -> float:
    largest = float(np.abs(values.astype(np.float64)).max())
    return math.inf if math.isnan(largest) else largest


def _row(result: CaseResult) -> CaseRow:
    case, findings = result.case, result.findings
    deviating = dict.fromkeys(finding.clause for finding in findings if finding.status is Status.DEVIATES)
    return CaseRow(
        anchor=case_anchor(case.slug, case.dtype),
        slug=case.slug,
        dtype=case.dtype,
        network="-".join(map(str, case.widths)),
        loss=case.loss.replace("_", " "),
        status=_status(result),
        checks=len(findings),
        worst_ratio=_worst(findings),
        deviating=tuple(deviating),
        told=result.skipped or result.error or "",
    )


def _status(result: CaseResult) -> str:
    if result.error is not None:
        return "errored"
    if result.skipped is not None:
        return "skipped"
    found = {finding.status for finding in result.findings}
    worst = next((status for status in WORST_FIRST if status in found), Status.VACUOUS)
    return "conforms" if worst is Status.PASSED else worst.value


def _worst(findings: Iterable[Finding]) -> float | str | None:
    ratio = max((finding.ratio for finding in findings), default=None)
    return "∞" if ratio is not None and not math.isfinite(ratio) else ratio
