"""One case from answer to findings: presence, local, end to end, in this order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from backproof.balls import Array, precision
from backproof.case import Case
from backproof.errors import ObservationError
from backproof.judge.end_to_end import judge_against
from backproof.judge.findings import Finding, Status
from backproof.judge.findings import Judged as Presence
from backproof.judge.local import Kink, judge_update
from backproof.judge.presence import usable_values
from backproof.observation import BY_LAYER, Observation
from backproof.truth import Truth, needed_bits, truth_of
from backproof.walk import Key, ball_network

Values = Mapping[Key, Array]
OracleSteps = Mapping[str, Sequence[Values]]


@dataclass(frozen=True, slots=True)
class Judged:
    """All findings on one case, in the order of judgement, and what the clauses over many cases need."""

    findings: tuple[Finding, ...]
    truth: Truth
    kinks: tuple[Kink, ...] = ()
    first_update: Values = field(default_factory=dict)


def judge_case(case: Case, observation: Observation, oracles: OracleSteps | None = None) -> Judged:
    """Judge what a subject showed for a case, by itself and against the oracles.

    oracles: the values of further oracles by update, by the oracle's name.
    Raises ObservationError when the observation shows too little, OracleError when the kit contradicts itself.
    """
    require_enough(case, observation)
    findings: list[Finding] = []
    kinks: list[Kink] = []
    shown: dict[int, Values] = {}
    recovered: dict[Key, Array] = {}
    hidden: set[tuple[int, str, int]] = set()
    with precision(needed_bits(case)):
        network = ball_network(case)
        findings += _count(case, observation)
        for step, record in enumerate(observation.steps[: len(case.batches)], 1):
            usable = usable_values(case, step, record)
            local = judge_update(case, step, network, usable.values)
            network = local.network
            findings += [*usable.findings, *local.findings]
            kinks += local.kinks
            hidden |= {(step, *key) for key in local.reduced}
            shown[step] = usable.values
            if step == 1:
                recovered = {key: value for key, (value, _) in local.recovered.items()}
        if observation.final is not None:
            last = len(case.batches)
            usable = usable_values(case, last, observation.final)
            findings += usable.findings
            shown[last] = usable.values
        truth = _truth(case, findings, shown, hidden)
        locally = list(findings)
        findings += judge_against(case, truth, shown, locally)
        if not truth.undecided:
            for name, steps in (oracles or {}).items():
                findings += judge_against(case, truth, shown, locally, name, steps)
    first = {**recovered, **shown.get(1, {})} if observation.steps else {}
    return Judged(tuple(findings), truth, tuple(kinks), first)


def _count(case: Case, observation: Observation) -> list[Finding]:
    """Return the deviation of the descent mode where more or fewer updates are shown than the case makes."""
    shown, wanted = len(observation.steps), len(case.batches)
    if observation.final is not None or shown == wanted:
        return []
    return [
        Finding(
            clause=case.mode,
            quantity="weights",
            case=case.slug,
            dtype=case.dtype,
            step=min(shown, wanted) + 1,
            layer=0,
            judged=Presence.PRESENCE,
            status=Status.DEVIATES,
            ratio=float("inf"),
            message=f"{shown} updates are shown, the case makes {wanted}",
        )
    ]


def _truth(
    case: Case, findings: Sequence[Finding], shown: Mapping[int, Values], hidden: set[tuple[int, str, int]]
) -> Truth:
    reduced = frozenset((f.step, f.quantity, f.layer) for f in findings if f.status is Status.REDUCED) | hidden
    sides = {
        (step, layer): value
        for step, values in shown.items()
        for (quantity, layer), value in values.items()
        if quantity == "net_inputs" and case.layers[layer - 1].activation.kink is not None
    }
    return truth_of(case, reduced, sides)


def require_enough(case: Case, observation: Observation) -> None:
    """Raise ObservationError unless each shown quantity is shown throughout, and both gradients or both parameters."""
    records = [*observation.steps, *([] if observation.final is None else [observation.final])]
    names = sorted(observation.quantities)
    if not {"weight_gradients", "weights"} & set(names):
        msg = (
            "shows neither gradients nor updated parameters: answer `weight_gradients` (and `bias_gradients`) or "
            f"`weights` (and `biases`) for every layer; {', '.join(names) or 'nothing'} came"
        )
        raise ObservationError(msg)
    for number, record in enumerate(records, 1):
        for name in names:
            wanted = range(1, case.depth + 1) if name in BY_LAYER else [0]
            missing = [
                layer
                for layer in wanted
                if record.get(name, layer) is None
                and not (name in ("biases", "bias_gradients") and case.layers[layer - 1].biases is None)
            ]
            if missing:
                where = f" of layer {missing[0]}" if missing[0] else ""
                msg = f"update {number}: {name}{where} is not shown, although {name} is shown elsewhere in this case"
                raise ObservationError(msg)
    if any(layer.biases is not None for layer in case.layers):
        for pair in (("weight_gradients", "bias_gradients"), ("weights", "biases")):
            shown = [name for name in pair if name in names]
            if len(shown) == 1:
                (other,) = set(pair) - set(shown)
                msg = f"{shown[0]} is shown, {other} is not: show both (None for a layer without biases), or neither"
                raise ObservationError(msg)


def as_arrays(steps: Sequence[Values]) -> list[dict[Key, Array]]:
    """Return an oracle's values as float64 arrays."""
    return [{key: np.asarray(value, dtype=np.float64) for key, value in step.items()} for step in steps]
