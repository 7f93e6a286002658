"""The messages of `backproof/1`: hello, run and bye are written, and their answers read by the schemas that ship.

The arrays of a result are read by `arrays` and their structure by `read_observation`, as at every door; the envelope
around them is read by its JSON Schema. The schema of the whole answer holds for other tools.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from backproof.case import Case
from backproof.conventions import CHOICES, Conventions
from backproof.door import Subject
from backproof.errors import UsageError, WireError
from backproof.observation import QUANTITIES
from backproof.wire.arrays import read_array
from backproof.wire.cases import write_case
from backproof.wire.complaint import printable, refuse, shown
from backproof.wire.files import Files
from backproof.wire.lines import read_line

PROTOCOL = "backproof/1"
BASE64 = "base64"
NPY = "npy"
FEATURES = ("activation", "loss", "dtype", "flag")
LONGEST_ERROR = 2000


@dataclass(frozen=True, slots=True)
class Hello:
    """What a program declares of itself: a subject that cannot run yet, and its capabilities."""

    subject: Subject
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one run: what was shown, or the skipped feature (kind, name), or the program's own error."""

    result: Any = None
    skipped: tuple[str, str] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema that ships, with a validator."""

    name: str
    data: dict[str, Any] = field(repr=False)

    def first_error(self, value: Any) -> ValidationError | None:
        """Return the first thing that breaks the schema, nearest to the root, or None."""
        found = Draft202012Validator(self.data).iter_errors(value)
        return min(found, key=lambda error: (len(error.absolute_path), str(error.validator)), default=None)


@cache
def schema(name: str) -> Schema:
    """Return a schema of the wire by its short name: hello, hello-answer, run, answer, bye."""
    text = files("backproof.schemas").joinpath(f"wire-{name}-1.json").read_text(encoding="utf-8")
    return Schema(name, json.loads(text))


@cache
def _envelope() -> Schema:
    """The schema of an answer, its result left to `read_array` and `read_observation`."""
    whole = schema("answer").data
    return Schema("answer", {**whole, "properties": {**whole["properties"], "result": True}})


def message(data: dict[str, Any]) -> bytes:
    """Return a message as a line: JSON with the shortest numbers that come back unchanged."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def kit_version() -> str:
    """Return the version of the kit, or "source tree"."""
    try:
        return version("backproof")
    except PackageNotFoundError:
        return "source tree"


def hello() -> bytes:
    """Return the line that opens a session."""
    return message({"type": "hello", "protocol": PROTOCOL, "kit": kit_version()})


def run(number: int, case: Case, *, packed: bool = False, files: Files | None = None) -> bytes:
    """Return the line that asks for a case; number: the id of the request; packed: base64; files: for large arrays."""
    folder = {} if files is None else {"folder": str(files.folder)}
    return message({"type": "run", "id": number, **folder, "case": write_case(case, packed=packed, files=files)})


def bye() -> bytes:
    """Return the line that closes a session."""
    return message({"type": "bye"})


def read_hello(line: bytes) -> Hello:
    """Return what a program declares. Raises WireError, naming the field, what was expected and what came."""
    data = read_line(line, "hello")
    require_protocol(data)
    return read_declaration(data)


def require_protocol(data: dict[str, Any]) -> None:
    """Raise WireError unless a hello is of the version that this kit speaks."""
    if data.get("protocol") != PROTOCOL:
        came = shown(data["protocol"]) if "protocol" in data else "no such field"
        refuse("hello: field protocol", repr(PROTOCOL), came, f"this kit ({kit_version()}) speaks {PROTOCOL} alone")


def read_declaration(data: dict[str, Any]) -> Hello:
    """Return what a hello of the right version declares, every name of it in the closed lists."""
    _require(schema("hello-answer"), data, "hello")
    conventions = data.get("conventions", {})
    unknown = sorted(set(conventions) - set(CHOICES))
    if unknown:
        advice = "see: backproof list conventions"
        refuse("hello: field conventions", f"any of {', '.join(CHOICES)}", shown(unknown[0]), advice)

    def names(what: str) -> tuple[str, ...] | None:
        return tuple(data[what]) if what in data else None

    try:
        subject = Subject(
            name=printable(data["name"]),
            run=_not_yet,
            version=printable(data.get("version", "")),
            language=printable(data.get("language", "")),
            conventions=Conventions(**conventions),
            activations=names("activations"),
            output_activations=names("output_activations"),
            losses=names("losses"),
            dtypes=names("dtypes"),
            skips=names("skips") or (),
            observes=names("observes"),
            narrow=names("narrow") or (),
            in_process=False,
        )
    except (UsageError, TypeError) as error:
        msg = f"hello: {error}"
        raise WireError(msg) from error
    return Hello(subject, names("capabilities") or ())


def _not_yet(case: Any) -> Any:
    del case
    msg = "a declaration does not run"
    raise WireError(msg)


def read_answer(line: bytes, number: int, *, packed: bool = False, files: Files | None = None) -> Answer:
    """Return the answer that a line holds to the request with the id `number`; packed, files: as it was asked.

    Raises WireError, naming the field, what was expected and what came.
    """
    data = read_line(line, "answer")
    given = data.get("id")
    if given != number or isinstance(given, bool):
        came = (
            "no id"
            if "id" not in data
            else f"{shown(given)}, that of an earlier request,"
            if _earlier(given, number)
            else shown(given)
        )
        refuse("answer: field id", str(number), came, "answer each request once, in order, with its own id")
    kinds = [kind for kind in ("result", "skipped", "error") if kind in data]
    if len(kinds) != 1:
        came = " and ".join(kinds) or "none of them"
        refuse("answer", "exactly one of result, skipped, error", came, "show one of the three")
    _require(_envelope(), data, "answer")
    if "error" in data:
        return Answer(error=printable(data["error"][:LONGEST_ERROR]))
    if "skipped" in data:
        return Answer(skipped=next(iter(data["skipped"].items())))
    return Answer(result=_result(data["result"], Reader(packed, files)))


@dataclass(frozen=True, slots=True)
class Reader:
    """How the arrays of an answer are read: with the capabilities that were declared."""

    packed: bool
    files: Files | None

    def __call__(self, value: Any, where: str) -> Any:
        """Return an array, as `read_array` does."""
        return read_array(value, where, packed=self.packed, files=self.files)


def _earlier(given: Any, number: int) -> bool:
    return type(given) is int and 0 < given < number


def _require(rules: Schema, data: dict[str, Any], where: str) -> None:
    error = rules.first_error(data)
    if error is None:
        return
    place = ".".join(str(part) for part in error.absolute_path)
    field_name = f"{where}: field {place}" if place else where
    if error.validator == "additionalProperties":
        known = ", ".join(error.schema["properties"])
        extra = sorted(set(error.instance) - set(error.schema["properties"]))
        refuse(field_name, f"any of {known}", shown(extra[0]), "leave out what is not in the schema")
    expected = {
        "required": lambda: f"the fields {', '.join(error.validator_value)}",
        "type": lambda: f"{error.validator_value}",
        "enum": lambda: f"one of {', '.join(map(repr, error.validator_value))}",
        "const": lambda: repr(error.validator_value),
        "minProperties": lambda: f"at least {error.validator_value} fields",
        "maxProperties": lambda: f"at most {error.validator_value} fields",
    }.get(str(error.validator), lambda: f"{error.validator} {error.validator_value}")()
    advice = f"see the schema wire-{rules.name}-1.json (docs/wire.md)"
    refuse(field_name, expected, shown(error.instance), advice)


def _result(result: Any, read: Reader) -> Any:
    """Return a result with its arrays read; what is not in its place is left to `read_observation`."""
    if isinstance(result, list):
        return [_record(item, f"update {number}", read) for number, item in enumerate(result, 1)]
    if isinstance(result, dict) and set(result) == {"final"}:
        return {"final": _record(result["final"], "final", read)}
    return _record(result, "result", read)


def _record(record: Any, where: str, read: Reader) -> Any:
    if not isinstance(record, dict):
        return record
    found = {}
    for quantity, given in record.items():
        if given is None and quantity == "loss":
            advice = 'JSON has no NaN, and some writers make it null: write "NaN"; leave out a loss that is not shown'
            refuse(f"{where}: loss", "a number", "null", advice)
        if given is None or quantity not in QUANTITIES:
            found[quantity] = given
        elif quantity == "loss":
            found[quantity] = read(given, f"{where}: loss")
        elif isinstance(given, list):
            found[quantity] = [
                None if item is None else read(item, f"{where}: {quantity} of layer {layer}")
                for layer, item in enumerate(given, 1)
            ]
        else:
            found[quantity] = given
    return found
