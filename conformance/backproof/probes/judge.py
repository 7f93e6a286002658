"""From what a subject shows of a large case to findings: products by probes, the rest element by element.

Index conventions: layer l has m neurons and reads n; W^l is (m, n), the batch has B samples, S of them in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.case import Case
from backproof.errors import ObservationError, SubjectError
from backproof.judge.findings import Finding, Judged, Status
from backproof.judge.presence import clause_of
from backproof.observation import Values
from backproof.probes.account import Account, Sight
from backproof.probes.case import LARGE, LargeCase
from backproof.probes.draw import PROBES, ROWS, SAMPLES, Draw, draw
from backproof.probes.elements import judge_activations, judge_deltas, judge_outputs
from backproof.probes.full import Full
from backproof.probes.gradients import GradientSums, sum_gradients
from backproof.probes.locate import located
from backproof.probes.models import Models
from backproof.probes.parameters import ParameterSums, pass_parameters
from backproof.probes.place import FROM_DEVICE, MEMORY, Place
from backproof.probes.products import judge_backward, judge_forward
from backproof.probes.reading import GRADIENTS, Elsewhere, Shown, expected_shape, placeholders, read_sources
from backproof.probes.sources import Source, Stored, as_source, whole
from backproof.probes.tally import Tally


@dataclass(frozen=True, slots=True)
class Probed:
    """The findings on one large case, what the probes could see, and the names of what was shown (no values)."""

    findings: tuple[Finding, ...]
    account: Account
    shown: Values


def judge_by_probes(
    case: Case,
    answer: Any,
    *,
    probes: int = PROBES,
    rows: int = ROWS,
    share: float = SAMPLES,
    everything: bool | None = None,
) -> Probed:
    """Judge what a subject shows of one large update.

    probes: random sign vectors for each product; rows: rows and columns of each matrix in full; share: of the samples,
    in full; everything: each element of each matrix in full, at more than the step's own cost (None: for cases of fewer
    than a million parameters). Raises ObservationError when the answer cannot be read or shows too little.
    """
    given = read_sources(answer, case)
    if not {"weight_gradients", "weights"} & {quantity for quantity, _ in given}:
        names = ", ".join(sorted({quantity for quantity, _ in given})) or "nothing"
        msg = f"shows neither gradients nor updated parameters: answer `weight_gradients` or `weights`; {names} came"
        raise ObservationError(msg)
    full = everything if everything is not None else case.size < LARGE and not isinstance(case, LargeCase)
    shown, findings = _usable(case, given)
    chosen = draw(case, probes=probes, rows=rows, share=share, everything=full)
    with np.errstate(all="ignore"):
        work = _worked(case, shown, chosen, _place(case, shown, chosen))
        findings += [located(case, shown, work.models, work.below(tally.layer), tally) for tally in work.tallies]
    direct = any(quantity == GRADIENTS for quantity, _ in shown)
    direct, few = direct or full, f"{len(work.chosen.samples)} of {len(case.batches[0])} samples in full"
    account = Account(
        case=case.slug,
        dtype=case.dtype,
        parameters=case.size,
        probes=probes,
        samples=len(work.chosen.samples),
        rows=max(case.widths) if full else rows,
        delta_rule="every sample" if direct else f"{few}: a fault confined to others is not seen",
        judged_on=work.place.name,
        sights=tuple(work.sights),
    )
    return Probed(tuple(findings), account, placeholders(given))


def _usable(case: Case, given: Shown) -> tuple[Shown, list[Finding]]:
    """Return what has the right shape and dtype, and a deviation for the rest."""
    shown: Shown = {}
    findings = []
    for (quantity, layer), source in given.items():
        shape, dtype = expected_shape(case, quantity, layer), np.dtype(case.dtype)
        right = source.dtype == dtype or (quantity == "loss" and source.dtype == np.float64)
        if tuple(source.shape) == shape and right:
            shown[quantity, layer] = source
            continue
        came = f"shape {tuple(source.shape)} instead of {shape}"
        named = "deltas" if quantity == GRADIENTS else quantity
        findings.append(
            Finding(
                clause=clause_of(case, named, layer),
                quantity=named,
                case=case.slug,
                dtype=case.dtype,
                step=1,
                layer=layer,
                judged=Judged.PRESENCE,
                status=Status.DEVIATES,
                ratio=float("inf"),
                message=came if tuple(source.shape) != shape else f"dtype {source.dtype} instead of {case.dtype}",
            )
        )
    return shown, findings


class _Work:
    """The passes over one case, layer by layer; sums of a layer are let go before the next."""

    def __init__(self, case: Case, shown: Mapping[tuple[str, int], Source], chosen: Draw, place: Place) -> None:
        self.case, self.shown, self.chosen, self.place = case, shown, chosen, place
        self.models = Models.of(case)
        x = case.x[list(case.batches[0])] if isinstance(case.x, np.ndarray) else case.x
        self.samples: Source = Stored(whole(x)) if chosen.everything else as_source(x)
        self.tallies: list[Tally] = []
        self.sights: list[Sight] = []

    def run(self) -> None:
        for number in range(1, self.case.depth + 1):
            self._layer(number)

    def below(self, number: int) -> Source | None:
        """Return what a layer reads: the samples, or the activations of the layer before, where they are shown."""
        if number > 1:
            return self.shown.get(("activations", number - 1))
        return self.samples

    def _layer(self, number: int) -> None:
        below, deltas = self.below(number), self.shown.get(("deltas", number))
        sums = None if below is None or deltas is None else self._gradients(number, below, deltas)
        weights: Source = as_source(self.case.layers[number - 1].weights)
        if self.chosen.everything:
            weights = Stored(whole(weights))  # read more than once: not generated anew each time
            full = Full(self.case, number, weights.array, self.shown, below, self.models)
            self._keep([*full.gradient(), *full.net_inputs(), *full.deltas_below()])
        passed = pass_parameters(self.case, number, self.shown, self.chosen, self.models, weights, sums, self.place)
        self._keep(passed.tallies, passed.sights)
        self._forward(number, below, passed)
        self._backward(number, passed)
        activation = self.case.layers[number - 1].activation
        z, a = self.shown.get(("net_inputs", number)), self.shown.get(("activations", number))
        if z is not None and a is not None and number < self.case.depth:
            self._keep([judge_activations(activation, number, z, a, self.models, self.place)])
        if number == self.case.depth and z is not None:
            self._keep(judge_outputs(self.case, self.shown, self.models, self.place))

    def _gradients(self, number: int, below: Source, deltas: Source) -> GradientSums:
        return sum_gradients(self.case, number, below, deltas, self.chosen, self.place)

    def _forward(self, number: int, below: Source | None, passed: ParameterSums) -> None:
        z = self.shown.get(("net_inputs", number))
        if below is not None and z is not None:
            self._keep(*judge_forward(self.case, number, below, z, passed, self.chosen, self.models, self.place))

    def _backward(self, number: int, passed: ParameterSums) -> None:
        """Judge the deltas of the layer below by the weights of this one."""
        deltas, lower = self.shown.get(("deltas", number)), number - 1
        if lower == 0 or deltas is None:
            return
        direct, z = self.shown.get((GRADIENTS, lower)), self.shown.get(("net_inputs", lower))
        if direct is not None:
            self._keep(*judge_backward(self.case, number, deltas, direct, passed, self.chosen, self.models, self.place))
        found = self.shown.get(("deltas", lower))
        if z is not None and found is not None and (direct is not None or not self.chosen.everything):
            self._keep([judge_deltas(self.case, lower, z, found, direct, passed, self.chosen, self.models, self.place)])

    def _keep(self, tallies: list[Tally], sights: list[Sight] | None = None) -> None:
        self.tallies += tallies
        self.sights += sights or []


def _worked(case: Case, shown: Mapping[tuple[str, int], Source], chosen: Draw, place: Place) -> _Work:
    """Return the passes, done; where a device cannot do them (out of memory, say), in memory."""
    work = _Work(case, shown, chosen, place)
    try:
        work.run()
    except Exception as error:  # in the words of each library
        if type(place) is Place or isinstance(error, SubjectError):
            raise
        return _worked(case, shown, chosen, Place(f"{FROM_DEVICE.name} ({type(error).__name__} there)"))
    return work


def _place(case: Case, shown: Mapping[tuple[str, int], Source], chosen: Draw) -> Place:
    """Return the device on which a subject shows its arrays, where it can be judged there, or memory."""
    example = next((source for source in shown.values() if isinstance(source, Elsewhere)), None)
    if example is None:
        return MEMORY
    if not chosen.everything:  # which takes whole matrices: of fewer than a million parameters
        from backproof.probes.device import device_of  # noqa: PLC0415 - only where a device is

        device = device_of(example.array, case.size)
        if device is not None:
            return device
    return FROM_DEVICE
