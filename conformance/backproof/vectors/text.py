"""The text of a vector file: JSON in one canonical form, so that the same data is always the same bytes."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

LINE = 110


def canonical(data: Any) -> str:
    """Return the canonical text: what fits on a line stands on one, finite numbers in their shortest form.

    Raises ValueError for NaN and infinities, which are written as strings.
    """
    return _text(data, 0) + "\n"


def digest(text: str) -> str:
    """Return the content hash of a text, as manifests write it."""
    return sha256(text.encode()).hexdigest()


def _text(data: Any, depth: int) -> str:
    line = json.dumps(data, ensure_ascii=False, allow_nan=False)
    if not isinstance(data, dict | list) or not data or len(line) + depth <= LINE:
        return line
    inner, outer = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(data, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_text(value, depth + 1)}" for key, value in data.items()]
        return "{" + inner + f",{inner}".join(parts) + outer + "}"
    if not any(isinstance(item, dict | list) for item in data):
        return line
    return "[" + inner + f",{inner}".join(_text(item, depth + 1) for item in data) + outer + "]"
