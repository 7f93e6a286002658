"""How every refusal of this room reads: where, what was expected, what came, what to do."""

from __future__ import annotations

from typing import Any, NoReturn

from backproof.errors import WireError

SHOWN = 60


def refuse(where: str, expected: str, came: str, advice: str) -> NoReturn:
    """Raise the WireError of one refusal."""
    msg = f"{where}: expected {expected}; {came} came; {advice}"
    raise WireError(msg)


def printable(text: str) -> str:
    """Return a program's own words without what would move the cursor or colour the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def shown(value: Any) -> str:
    """Return a value as it is shown in a message: its text, cut short."""
    if isinstance(value, bytes | bytearray):
        text = repr(bytes(value[: 4 * SHOWN]).decode("utf-8", "replace"))
        more = len(value) > 4 * SHOWN
    else:
        text, more = _text(value), False
    return f"{text[:SHOWN]}..." if more or len(text) > SHOWN else text


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        keys = [repr(key[:SHOWN]) for key in list(value)[:4]]
        return f"an object with {', '.join(keys) or 'nothing'}{', ...' if len(value) > len(keys) else ''}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return repr(value[: 4 * SHOWN] if isinstance(value, str) else value)
