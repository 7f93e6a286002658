"""TOML files that people write, against their schemas: read, never executed, and every mistake named."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from backproof.errors import UsageError


def read_toml(path: Path, schema: str, *, option: str, expected: str, told: Callable[[Any], str]) -> dict[str, Any]:
    """Return what a TOML file says.

    schema: the name of its schema; option: how the file was named, for messages; expected: what such a file has; told:
    says what is wrong where the schema does not hold. Raises UsageError with the file, the place and what is wrong.
    """
    import jsonschema  # noqa: PLC0415 - for those who have such a file

    name = f"{option} {path}".lstrip()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{name}: {error.strerror or error}; expected a TOML file with {expected}"
        raise UsageError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{name}: not TOML: {error}"
        raise UsageError(msg) from error
    rules = json.loads(files("backproof.schemas").joinpath(f"{schema}.json").read_text(encoding="utf-8"))
    wrong = sorted(jsonschema.Draft202012Validator(rules).iter_errors(data), key=lambda found: found.json_path)
    if wrong:
        msg = f"{name}: {told(wrong[0])}"
        raise UsageError(msg)
    return data
