"""A Python target behind the wire, for `check --isolate`: `python -m backproof.wire.adapter TARGET DEVICE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from backproof.case import Case
from backproof.door import Subject
from backproof.errors import BackproofError, SubjectError, UsageError
from backproof.loading import load_subject
from backproof.observation import BY_LAYER, Observation, Record, oriented
from backproof.run import answer
from backproof.wire.arrays import write_array
from backproof.wire.cases import read_case
from backproof.wire.files import Files
from backproof.wire.lines import read_line
from backproof.wire.messages import BASE64, NPY, PROTOCOL, message

EXIT_USAGE = 2
EXIT_BROKEN = 3


def declare(subject: Subject) -> dict[str, Any]:
    """Return what a subject declares, as the answer to hello."""
    optional = {
        "observes": subject.observes,
        "dtypes": subject.dtypes,
        "activations": subject.activations,
        "output_activations": subject.output_activations,
        "losses": subject.losses,
    }
    return {
        "protocol": PROTOCOL,
        "name": subject.name,
        "version": subject.version,
        "language": subject.language,
        "conventions": subject.conventions.declared(),
        **{name: list(given) for name, given in optional.items() if given is not None},
        "skips": list(subject.skips),
        "narrow": list(subject.narrow),
        "capabilities": [BASE64, NPY],
    }


def show(observation: Observation, case: Case, files: Files | None = None) -> Any:
    """Return an observation as a result: its arrays as base64 or files, in the declared conventions."""
    if observation.final is not None:
        return {"final": _record(observation.final, case, files)}
    return [_record(record, case, files) for record in observation.steps]


def _record(record: Record, case: Case, files: Files | None) -> dict[str, Any]:
    def array(quantity: str, layer: int) -> Any:
        values = record.get(quantity, layer)
        if values is None:
            return None
        return write_array(oriented(values, quantity, case), packed=True, files=files, author=quantity)

    found: dict[str, Any] = {
        quantity: [array(quantity, layer) for layer in range(1, case.depth + 1)]
        for quantity in BY_LAYER
        if quantity in record.quantities
    }
    if "loss" in record.quantities:
        found["loss"] = array("loss", 0)
    return found


def serve(subject: Subject, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until bye, or until nobody asks any more."""
    for line in requests:
        request = read_line(line, "request")
        if request["type"] == "bye":
            return
        hello = request["type"] == "hello"
        said = declare(subject) if hello else {"id": request["id"], **_answer(subject, request)}
        answers.write(message(said))
        answers.flush()


def _answer(subject: Subject, request: dict[str, Any]) -> dict[str, Any]:
    files = Files(Path(request["folder"]), most=sys.maxsize) if "folder" in request else None
    try:
        case = read_case(request["case"], files)
        return {"result": show(answer(subject, case), case, files)}
    except SubjectError as error:
        return {"error": str(error)}


def main(words: list[str]) -> int:
    """Load the target and serve it; what it prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        subject = load_subject(*words)
    except BackproofError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_BROKEN
    serve(subject, sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
