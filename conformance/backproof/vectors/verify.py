"""Verification: files against hashes and schema, and every field against what the equations give now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from backproof.errors import BackproofError
from backproof.observation import BY_SAMPLE
from backproof.processes import in_processes
from backproof.vectors.emit import emit
from backproof.vectors.entry import Entry
from backproof.vectors.families import all_entries
from backproof.vectors.reading import case_of
from backproof.vectors.text import canonical
from backproof_fixtures import VectorError, read_manifest, read_vectors, schema, strict_json, vector_folder
from backproof_fixtures.reader import MANIFEST

MOST = 20
SHOWN = 60  # letters of a value in a message


def verify(folder: str | Path | None = None, slugs: Sequence[str] | None = None, jobs: int = 1) -> list[VectorError]:
    """Return everything that is wrong with the vectors of a folder (None: those that ship), or with some of them.

    Hashes, schema, and every field of every vector: the case against the one that its generator gives, the values
    against ball arithmetic, the bounds against the tolerance model, its oracles and claimed mutants run anew.
    A vector that is not one of ours is held against its own case. Raises VectorError where the manifest is of no use.
    """
    manifest = read_manifest(folder)
    problems = [*_against("manifest-1", manifest, MANIFEST), *read_vectors(folder).problems]
    place = vector_folder(folder)
    tasks = []
    for slug, entry in manifest["vectors"].items():
        if slugs is not None and slug not in slugs:
            continue
        try:
            tasks.append((slug, entry["file"], (place / entry["file"]).read_bytes()))
        except OSError:
            continue  # named already: the file cannot be read
    return problems + [problem for found in in_processes(verify_content, tasks, jobs, 4) for problem in found]


def verify_content(task: tuple[str, str, bytes]) -> list[VectorError]:
    """Return what is wrong with one file, given its id, its name and its bytes."""
    slug, name, content = task
    try:
        data = strict_json(content, name)
    except VectorError as error:
        return [error]
    problems = list(_against("vector-1", data, name))
    if problems:
        return problems
    try:
        fresh = canonical(emit(_entry(slug, data)))
    except BackproofError as error:
        return [VectorError(name, "", str(error))]
    text = content.decode()
    if text == fresh:
        return []
    found = [VectorError(name, place, f"expected {new}; {old} came") for place, old, new in differences(text, fresh)]
    return found[:MOST] or [VectorError(name, "", "the text is not in the canonical form; no value differs")]


def differences(text: str, other: str) -> Iterator[tuple[str, str, str]]:
    """Yield (field, one, other) for every value whose text differs, numbers as they are written."""
    one, two = (json.loads(t, parse_float=_Written, parse_int=_Written) for t in (text, other))
    yield from _differences(one, two, "")


class _Written(str):
    """A number as it is written: 1 and 1.0 differ, and a digit too many is seen."""

    __slots__ = ()


def _differences(one: Any, two: Any, place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(one, dict) and isinstance(two, dict):
        for key in [*two, *(key for key in one if key not in two)]:
            here = f"{place}.{key}" if place else key
            if key not in one or key not in two:
                yield here, _cut(one.get(key, "nothing")), _cut(two.get(key, "nothing"))
            else:
                yield from _differences(one[key], two[key], here)
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for index, (a, b) in enumerate(zip(one, two, strict=True)):
            yield from _differences(a, b, f"{place}[{index}]")
    elif one != two or type(one) is not type(two):
        yield place, _cut(one), _cut(two)


def _cut(value: Any) -> str:
    text = str(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _entry(slug: str, data: Mapping[str, Any]) -> Entry:
    """Return the entry that generates this id, or one made of the file's own case."""
    for entry in all_entries():
        if entry.slug == slug:
            return entry
    first, depth = data["expected"][0], len(data["case"]["layers"])
    shown = {
        (name, layer)
        for name, layers in first.items()
        for layer, value in (enumerate(layers, 1) if isinstance(layers, list) else [(0, layers)])
        if value is not None
    }
    whole = "loss" in first and all(
        (name, layer) in shown for name in (*BY_SAMPLE, "weight_gradients", "weights") for layer in range(1, depth + 1)
    )
    return Entry(
        case=case_of(data),
        family=data["family"],
        seed=data["provenance"]["seed"],
        only=None if whole else frozenset(shown),
        exact="exact" in data["flags"],
        by_hand=data.get("by_hand", ""),
        informative=tuple(data.get("informative", ())),
        printed=data.get("printed", {}),
    )


@cache
def _validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(schema(name))


def _against(name: str, data: Any, file: str) -> Iterator[VectorError]:
    error = jsonschema.exceptions.best_match(_validator(name).iter_errors(data))
    if error is not None:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(
            "."
        )
        yield VectorError(file, place, f"against the schema {name}: {_cut(error.message)}")
