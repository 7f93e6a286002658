"""Checking an adapter step by step, before any mathematics is judged.

Two questions need no mathematics. With x = 0 the gradients of the first layer's weights are exactly 0, so that they
come back as they were sent, to the last bit; and numbers that overflow must arrive as strings.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from backproof.case import DTYPES, Case
from backproof.door import Subject
from backproof.errors import ObservationError, SubjectError, WireError
from backproof.judge.case import require_enough
from backproof.judge.presence import usable_values
from backproof.observation import Observation, Record, read_observation
from backproof.wire import messages
from backproof.wire.cases import answer_limit
from backproof.wire.files import ABOVE, Files, request_files
from backproof.wire.lines import read_line
from backproof.wire.messages import BASE64, NPY, PROTOCOL, Hello
from backproof.wire.process import Program
from backproof.wire.subject import GRACE, HELLO_LIMIT, TIMEOUT
from backproof_spec import LOSSES, RULES, Layer, activation

SILENCE = 1.0
BATCH = (0, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the doctor: what was looked at, whether it is well, and what was seen or what is to be done."""

    what: str
    well: bool
    told: str


class _Stop(Exception):  # noqa: N818 - no error: the examination ends here, its last step tells why
    def __init__(self, step: Step) -> None:
        super().__init__(step.told)
        self.step = step


def examine(
    words: list[str],
    *,
    timeout: float = TIMEOUT,
    memory: int | None = None,
    grace: float = GRACE,
    silence: float = SILENCE,
) -> Iterator[Step]:
    """Yield the steps of the examination of a command; it ends at the first step that makes the next ones void.

    timeout: seconds for each request; memory: bytes of address space, or None; grace: seconds to leave after bye;
    silence: how long the program is listened to before it is spoken to, in seconds.
    """
    program = Program(words, memory=memory)
    try:
        yield from _steps(_Patient(program, timeout), grace, silence)
    except _Stop as stop:
        yield stop.step
    finally:
        program.kill()


@dataclass
class _Patient:
    program: Program
    timeout: float
    number: int = 0
    hello: Hello | None = None

    def ask(self, what: str, request: str, line: bytes, limit: int, read: Callable[[bytes], Any]) -> Any:
        """Return what is read of the answer to a request, or end the examination at the step `what`."""
        try:
            found = read(self.program.exchange(line, seconds=self.timeout, limit=limit, what=request))
            self.program.settle(f"after the answer to {request}")
        except WireError as error:
            raise _Stop(Step(what, well=False, told=str(error))) from error
        return found

    def show(self, what: str, case: Case, *, above: int = ABOVE) -> Observation:
        """Return what the program shows for a case, or end the examination; above: as that of Files."""
        assert self.hello is not None  # noqa: S101 - it spoke before
        with request_files(answer_limit(case), above) if NPY in self.hello.capabilities else nullcontext() as files:
            return self._shown(what, case, files)

    def _shown(self, what: str, case: Case, files: Files | None) -> Observation:
        assert self.hello is not None  # noqa: S101 - it spoke before
        self.number += 1
        number, packed = self.number, BASE64 in self.hello.capabilities
        line = messages.run(number, case.for_subject(), packed=packed, files=files)

        def read(said: bytes) -> Observation:
            answer = messages.read_answer(said, number, packed=packed, files=files)
            if answer.result is None:
                told = answer.error or f"skipped {' '.join(answer.skipped or ())}, which it declares"
                msg = f"expected a result for {case.slug}; {told!r} came; a declared feature is to be done"
                raise WireError(msg)
            try:
                return read_observation(answer.result, case)
            except SubjectError as error:
                raise WireError(str(error)) from error

        found: Observation = self.ask(what, f"run {number} ({case.slug})", line, answer_limit(case), read)
        return found


def _steps(patient: _Patient, grace: float, silence: float) -> Iterator[Step]:
    program = patient.program
    if program.ended_within(silence):
        raise _Stop(Step("starts", well=False, told=program.obituary("hello")))
    yield Step("starts", well=True, told="it runs")
    early = program.said
    if early:
        msg = f"expected silence before hello; {early} came; print it on standard error"
        raise _Stop(Step("is silent before hello", well=False, told=msg))
    yield Step("is silent before hello", well=True, told="nothing on standard output")
    data = patient.ask("says hello", "hello", messages.hello(), HELLO_LIMIT, lambda said: read_line(said, "hello"))
    yield Step("says hello", well=True, told="one line of JSON")
    patient.hello = yield from _declaration(data)
    subject = patient.hello.subject
    yield from _answers(patient, subject)
    left = program.leave(messages.bye(), grace)
    todo = f"expected its end within {grace:g} s after bye; it still runs; end the program when bye comes"
    yield Step("leaves on bye", well=left, told="it ended by itself" if left else todo)


def _declaration(data: dict[str, Any]) -> Generator[Step, None, Hello]:
    version, lists = f"speaks {PROTOCOL}", "declares what the lists know"
    try:
        messages.require_protocol(data)
        yield Step(version, well=True, told="the version of this kit")
        hello = messages.read_declaration(data)
    except WireError as error:
        wrong = lists if data.get("protocol") == PROTOCOL else version
        raise _Stop(Step(wrong, well=False, told=str(error))) from error
    yield Step(lists, well=True, told=_declared(hello))
    return hello


def _declared(hello: Hello) -> str:
    subject = hello.subject
    parts = {
        "dtypes": subject.dtypes,
        "activations": subject.activations,
        "output_activations": subject.output_activations,
        "losses": subject.losses,
        "skips": subject.skips,
        "capabilities": hello.capabilities,
    }
    told = "; ".join(f"{name}: {', '.join(given) or 'none'}" for name, given in parts.items() if given is not None)
    return f"{subject.name}; {told}"


def _answers(patient: _Patient, subject: Subject) -> Iterator[Step]:
    dtypes = subject.dtypes or DTYPES
    cases = [case for case in (tiny_case(subject, dtype) for dtype in dtypes) if case is not None]
    if not cases:
        told = "no tiny case is left by what it declares: declare one more activation or loss, or fewer skips"
        raise _Stop(Step("answers a tiny case", well=False, told=told))
    for case in cases:
        shown = patient.show(f"answers a tiny case ({case.dtype})", case)
        names = sorted(shown.quantities)
        yield Step(f"answers a tiny case ({case.dtype})", well=True, told=f"id {patient.number}: {', '.join(names)}")
        yield _promised(subject, case, shown)
        yield _shapes(case, shown)
        yield _digits(case, shown)
        if patient.hello is not None and NPY in patient.hello.capabilities:
            files = f"reads .npy files ({case.dtype})"
            yield replace(_digits(case, patient.show(files, case, above=0)), what=files)
    again = patient.show("answers a second time", cases[0])
    yield Step("answers a second time", well=True, told=f"id {patient.number}: {len(again.quantities)} quantities")
    for kind, case in _kinds(cases[0]).items():
        if subject.skip_reason(case) is None:
            yield _answered(patient, f"answers a tiny case {kind}", case)
    yield _not_finite(patient, cases[0])


def _answered(patient: _Patient, what: str, case: Case) -> Step:
    shown = patient.show(what, case)
    wrong = [step for step in (_enough(case, shown), _shapes(case, shown)) if not step.well]
    return replace(wrong[0], what=what) if wrong else Step(what, well=True, told=f"id {patient.number}")


def _kinds(tiny: Case) -> dict[str, Case]:
    """Return the case with what an adapter may trip over: no biases, an edge that does not exist, two updates."""
    first, *others = tiny.layers
    mask = np.ones(first.weights.shape, dtype=bool)
    mask[0, 0] = False
    without = tuple(replace(layer, biases=None) for layer in tiny.layers)
    masked = (replace(first, weights=np.where(mask, first.weights, 0).astype(tiny.dtype), mask=mask), *others)
    return {
        "without biases": replace(tiny, layers=without),
        "with a mask": replace(tiny, layers=masked),
        "of two updates": replace(tiny, batches=(BATCH, BATCH)),
    }


def tiny_case(subject: Subject, dtype: str, *, scale: float = 0.0) -> Case | None:
    """Return a case of two layers (or one) that a subject does, with x = 0 (or x = scale); None if there is none."""
    hidden = [name for name, rule in RULES.items() if rule.elementwise]
    for loss, output, inner in product(LOSSES, RULES, [*hidden, None]):
        wanted = LOSSES[loss].output_activation
        if wanted is not None and output != wanted:
            continue
        case = _tiny(loss, output, inner, dtype, scale).under(subject.conventions)
        if subject.skip_reason(case) is None:
            return case
    return None


def _tiny(loss: str, output: str, inner: str | None, dtype: str, scale: float) -> Case:
    # Numbers with as many digits as the dtype has, small and large, positive and negative.
    kind = np.dtype(dtype).type
    weights = np.array([[1 / 3, -np.pi], [np.e * 1e-7, 12345.6789012345678], [-0.1, 2 / 7]]).astype(kind)
    layers = []
    if inner is not None:
        layers.append(Layer(weights, np.array([0.1, -1 / 7, 0.2]).astype(kind), activation(inner)))
    rows = np.array([[0.3, -0.2, 1 / 9], [-1 / 11, 0.7, 0.05], [0.25, 1 / 13, -0.6]]).astype(kind)
    last = rows if inner is not None else weights
    layers.append(Layer(last, np.array([0.01, -0.02, 1 / 30]).astype(kind), activation(output)))
    labels = np.array([[1, 0, 0], [0, 1, 0]], kind)
    return Case(
        slug="tiny",
        layers=tuple(_checked(layer, dtype) for layer in layers),
        x=np.full((2, 2), scale, kind),
        y=labels,
        loss=loss,
        learning_rate=0.5,
        batches=(BATCH,),
        dtype=dtype,
    )


def _checked(layer: Layer, dtype: str) -> Layer:
    kind = np.dtype(dtype).type
    parameters = {key: v if isinstance(v, str) else float(kind(v)) for key, v in layer.activation.parameters}
    return replace(layer, activation=activation(layer.activation.name, **parameters))


def _record(shown: Observation) -> Record:
    return shown.final if shown.final is not None else shown.steps[0]


def _promised(subject: Subject, case: Case, shown: Observation) -> Step:
    missing = [name for name in subject.observes or () if name not in shown.quantities]
    if not missing:
        return _enough(case, shown)
    told = f"{missing[0]} is declared in observes, and is not shown: show it always, or do not declare it"
    return Step(f"shows enough ({case.dtype})", well=False, told=told)


def _enough(case: Case, shown: Observation) -> Step:
    what = f"shows enough ({case.dtype})"
    if shown.quantities.isdisjoint(("weight_gradients", "weights")):
        came = ", ".join(sorted(shown.quantities)) or "nothing"
        return Step(what, well=False, told=f"expected weight_gradients or weights; {came} came; show one of the two")
    try:
        require_enough(case, shown)
    except ObservationError as error:
        return Step(what, well=False, told=str(error))
    return Step(what, well=True, told=f"{len(shown.quantities)} quantities")


def _shapes(case: Case, shown: Observation) -> Step:
    what = f"shows the right shapes ({case.dtype})"
    for finding in usable_values(case, 1, _record(shown)).findings:
        layer = f" of layer {finding.layer}" if finding.layer else ""
        told = f"{finding.quantity}{layer}: {finding.message}"
        return Step(what, well=False, told=told)
    return Step(what, well=True, told=f"layers {len(case.layers)}, batch {len(BATCH)}")


def _digits(case: Case, shown: Observation) -> Step:
    what = f"keeps every digit ({case.dtype})"
    record, first = _record(shown), case.layers[0]
    sent = {"weights": first.weights, "net_inputs": np.broadcast_to(first.biases, (len(BATCH), len(first.biases)))}
    seen = [name for name in sent if record.get(name, 1) is not None and name in shown.quantities]
    if not seen:
        return Step(what, well=True, told="not looked at: neither weights nor net_inputs are shown")
    for name in seen:
        got, wanted = record.get(name, 1), sent[name]
        assert got is not None  # noqa: S101 - it was seen
        if got.shape != wanted.shape or (got == wanted).all():
            continue
        place = tuple(int(i) for i in np.argwhere(got != wanted)[0])
        told = (
            f"{name} of layer 1 at {list(place)}: expected {float(wanted[place])!r} to come back unchanged (x is 0); "
            f"{float(got[place])!r} came; print {17 if case.dtype == 'float64' else 9} significant digits"
        )
        return Step(what, well=False, told=told)
    return Step(what, well=True, told=f"{' and '.join(seen)} came back to the last bit")


def _not_finite(patient: _Patient, tiny: Case) -> Step:
    what = "writes what is not finite as strings"
    layers = (replace(tiny.layers[0], weights=np.full_like(tiny.layers[0].weights, 1e30)), *tiny.layers[1:])
    large = np.finfo(tiny.dtype).max / 4
    case = replace(tiny, slug="overflow", layers=layers, x=np.full_like(tiny.x, large))
    shown = _record(patient.show(what, case))
    if all(np.isfinite(values).all() for values in shown.values.values()):
        return Step(what, well=True, told="not looked at: nothing that it shows overflowed")
    return Step(what, well=True, told='"Infinity" and "NaN" came as strings')
