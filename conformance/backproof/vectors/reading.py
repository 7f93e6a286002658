"""A vector's data as the kit's own objects: the case, the expected values, the bounds; and as an oracle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf, ldexp
from pathlib import Path
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import Case
from backproof.errors import CaseError, UsageError
from backproof.observation import BY_LAYER
from backproof.vectors.power import Yardstick
from backproof.walk import Key
from backproof.wire.cases import read_case
from backproof_fixtures import VectorError, read_vectors

OF_VECTORS = {"exact"}  # flags that a vector has and its case has not
LARGEST = 1023  # an exponent of float64
BESIDE = {"precision": "full", "range": "full"}


def load(folder: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """Return the vectors of a folder (None: those that ship) by slug.

    Raises UsageError that names every file that cannot be used: a vector that is missing would be a check that is not
    made.
    """
    try:
        found = read_vectors(folder)
    except VectorError as error:
        raise UsageError(str(error)) from error
    if found.problems:
        more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        msg = f"{found.problems[0]}{more}; see `backproof vectors verify`"
        raise UsageError(msg)
    return found.vectors


def case_of(data: Mapping[str, Any]) -> Case:
    """Return the float64 case of a vector. Raises UsageError naming the vector where it is no case."""
    try:
        flags = [flag for flag in data["flags"] if flag not in OF_VECTORS]
        conventions = {**data["conventions"], **BESIDE}
        given = {**data["case"], "slug": data["slug"], "dtype": "float64", "flags": flags, "conventions": conventions}
        made = read_case(given)
    except CaseError as error:
        msg = f"vector {data.get('slug')!r}: {error}"
        raise UsageError(msg) from error
    except (KeyError, TypeError, ValueError) as error:
        msg = f"vector {data.get('slug')!r}: case: {type(error).__name__}: {error}"
        raise UsageError(msg) from error
    return replace(made, title=data["title"])


def values_of(data: Mapping[str, Any]) -> list[dict[Key, Array]]:
    """Return the expected values of every update by (quantity, layer)."""
    return [
        {key: np.array(value, dtype=np.float64) for key, value in _by_key(record).items()}
        for record in data["expected"]
    ]


def yardstick_of(data: Mapping[str, Any], dtype: str) -> Yardstick:
    """Return the expected values with the bounds of one dtype: 0 for "exact", infinite for "any"."""
    values, limits = values_of(data), []
    for record, expected in zip(data["bounds"][dtype], values, strict=True):
        found: dict[Key, Any] = {}
        for (name, layer), value in expected.items():
            written = record[name]
            if name in BY_LAYER and isinstance(written, list):
                written = written[layer - 1]
            found[name, layer] = written if isinstance(written, dict) else spread(written, value.shape)
        limits.append(found)
    return Yardstick(values, limits)


def spread(bound: Any, shape: tuple[int, ...]) -> Array:
    """Return a bound as a vector writes it as numbers of a shape; one that stands for many is repeated."""
    if not isinstance(bound, list):
        return np.full(shape, _number(bound))
    if len(shape) == 1:
        return np.array([_number(item) for item in bound])
    return np.array([spread(item, shape[1:]) for item in bound])


def _number(bound: int | str) -> float:
    return {"exact": 0.0, "any": inf}[bound] if isinstance(bound, str) else ldexp(1.0, min(bound, LARGEST))


def _by_key(record: Mapping[str, Any]) -> dict[Key, Any]:
    found: dict[Key, Any] = {}
    for name, value in record.items():
        if name in BY_LAYER:
            found |= {(name, layer): item for layer, item in enumerate(value, 1) if item is not None}
        else:
            found[name, 0] = value
    return found


class VectorOracle:
    """The stored values as an oracle: for the very cases of the vectors, under the article's conventions alone."""

    name = "vectors"

    def __init__(self, vectors: Iterable[Mapping[str, Any]]) -> None:
        """Keep the vectors by slug."""
        self._known = {data["slug"]: (case_of(data), data) for data in vectors}

    def steps(self, case: Case) -> list[dict[Key, Array]] | None:
        """Return the stored values of every update, or None where they are not those of this case."""
        if case.slug not in self._known:
            return None
        own, data = self._known[case.slug]
        declared, stored = case.conventions.declared(), data["conventions"]
        if any(declared[name] != stored[name] for name in ("loss_factor", "reduction", "output_reduction", "loss_at")):
            return None
        if ("exact-zero" in case.flags and declared["kink"] != stored["kink"]) or not _same_numbers(case, own):
            return None
        return values_of(data)


def _same_numbers(case: Case, own: Case) -> bool:
    """Whether two cases hold the same numbers: a float32 case does where its vector's numbers are float32."""

    def numbers(one: Case) -> list[Array]:
        layers = [part for layer in one.layers for part in (layer.weights, layer.biases) if part is not None]
        return [np.asarray(part, dtype=np.float64) for part in (one.x, one.y, np.float64(one.learning_rate), *layers)]

    pairs = list(zip(numbers(case), numbers(own), strict=False))
    rules = [layer.activation for layer in case.layers] == [layer.activation for layer in own.layers]
    return rules and case.batches == own.batches and all(np.array_equal(a, b) for a, b in pairs)
