"""Reading one line of an answer: strict UTF-8, strict JSON, and limits on everything that could grow."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from backproof.errors import WireError
from backproof.wire.complaint import refuse, shown

DEEPEST = 24
LONGEST_INTEGER = 18

_MARKS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
_ONE_OBJECT = "print one JSON object on one line, and everything else on standard error"


def read_line(line: bytes, where: str) -> dict[str, Any]:
    """Return the JSON object that a line holds.

    where: what the line is, for messages. Raises WireError for bytes that are not UTF-8, text that is not one JSON
    object, keys that stand twice, half a surrogate pair, numbers beyond float64, the tokens NaN and Infinity, and
    deep nesting.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        advice = "write UTF-8, or ASCII with \\u escapes"
        refuse(where, "UTF-8", f"byte 0x{line[error.start]:02x} at {error.start}", advice)
    _refuse_depth(text, where)

    try:
        found = _parse(text, where)
    except WireError:
        raise
    except (ValueError, RecursionError):
        refuse(where, "one line of JSON", shown(line), _ONE_OBJECT)
    if "\\ud" in text.lower():
        _refuse_half_letters(found, where)
    if not isinstance(found, dict):
        refuse(where, "a JSON object", shown(found), _ONE_OBJECT)
    return found


def _parse(text: str, where: str) -> Any:
    def one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            refuse(where, "every key once", f"{shown(twice)} twice", "give each key one value")
        return found

    def token(name: str) -> NoReturn:
        refuse(where, "JSON", f"the token {name}", f'write the string "{name}" in quotes')

    def floating(digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            refuse(where, "numbers of float64", _cut(digits), 'write infinities as "Infinity" and "-Infinity"')
        return number

    def integer(digits: str) -> float:
        return int(digits) if len(digits) <= LONGEST_INTEGER else floating(digits)

    return json.loads(
        text, object_pairs_hook=one_of_each, parse_constant=token, parse_float=floating, parse_int=integer
    )


def _refuse_half_letters(found: Any, where: str) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        came = f"\\u{ord(error.object[error.start]):04x} alone"
        refuse(where, "whole letters", came, "write both halves of a surrogate pair, or UTF-8")


def _refuse_depth(text: str, where: str) -> None:
    depth = 0
    for mark in _MARKS.finditer(text):
        first = text[mark.start()]
        if first in "[{":
            depth += 1
            if depth > DEEPEST:
                advice = "an array is a list of lists of numbers"
                refuse(where, f"at most {DEEPEST} levels of nesting", f"a level {depth}", advice)
        elif first in "]}":
            depth -= 1


def _cut(digits: str) -> str:
    return shown(digits).strip("'")
