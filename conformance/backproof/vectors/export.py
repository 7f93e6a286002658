"""Export: the vectors as files for other languages: JSON as it ships, NumPy .npz, and one flat CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.case import DTYPES
from backproof.errors import UsageError
from backproof.vectors.reading import load, yardstick_of

BESIDE = ("FORMAT.md", "schemas", "validators", "vectors")
COLUMNS = (
    "vector",
    "section",
    "update",
    "quantity",
    "layer",
    "row",
    "column",
    "value",
    *(f"bound_{d}" for d in DTYPES),
)


def export(folder: Path) -> int:
    """Write the vectors that ship, their format, schemas and validators, .npz files and a CSV; return how many.

    Raises UsageError where the folder is a file, or holds anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        came = "not empty" if folder.is_dir() else "a file"
        msg = f"export {folder}: expected a new or empty folder; this one is {came}"
        raise UsageError(msg)
    vectors = load()
    folder.mkdir(parents=True, exist_ok=True)
    for name in BESIDE:
        _copy(files("backproof_fixtures") / name, folder / name)
    (folder / "npz").mkdir()
    with (folder / "vectors.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for slug, data in vectors.items():
            np.savez(folder / "npz" / f"{slug}.npz", allow_pickle=False, **arrays_of(data))
            table.writerows(rows_of(data))
    return len(vectors)


def arrays_of(data: Mapping[str, Any]) -> dict[str, Array]:
    """Return everything of a vector as arrays; nothing needs pickle.

    Names: case/..., expected/UPDATE/QUANTITY/LAYER, and bound_DTYPE/... beside it (infinite: not judged; a loss with a
    limit from below is at_least_DTYPE/...). Updates, layers and samples count as in FORMAT.md.
    """
    case = data["case"]
    found: dict[str, Array] = {
        "case/x": np.array(case["x"], dtype=np.float64),
        "case/y": np.array(case["y"], dtype=np.float64),
        "case/learning_rate": np.array(case["learning_rate"], dtype=np.float64),
        "case/loss": np.array(case["loss"]),
    }
    for number, batch in enumerate(case["batches"], 1):
        found[f"case/batch/{number}"] = np.array(batch, dtype=np.int64)
    for number, layer in enumerate(case["layers"], 1):
        found[f"case/activation/{number}"] = np.array(layer["activation"]["name"])
        for name, value in layer["activation"]["parameters"].items():
            found[f"case/activation/{number}/{name}"] = np.array(value)
        for name, kind in (("weights", np.float64), ("biases", np.float64), ("mask", np.bool_)):
            if layer[name] is not None:
                found[f"case/{name}/{number}"] = np.array(layer[name], dtype=kind)
    for dtype in DTYPES:
        yardstick = yardstick_of(data, dtype)
        for update, (values, limits) in enumerate(zip(yardstick.values, yardstick.limits, strict=True), 1):
            for (name, layer_number), value in values.items():
                place, limit = f"{update}/{name}/{layer_number}", limits[name, layer_number]
                found[f"expected/{place}"] = value
                if isinstance(limit, dict):
                    found[f"at_least_{dtype}/{place}"] = np.array(limit["at_least"])
                else:
                    found[f"bound_{dtype}/{place}"] = limit
    return found


def rows_of(data: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a vector: its case, then its expected values, each with the bounds of both dtypes.

    A bound is the number itself (a power of two, 0, inf); ">=x" is a limit from below.
    """
    slug, arrays = data["slug"], arrays_of(data)
    for name, array in arrays.items():
        section, _, place = name.partition("/")
        if section == "case":
            quantity, *numbers = place.split("/")
            layer, *parameter = numbers or ["0"]
            for index, value in np.ndenumerate(array):
                yield slug, section, 0, "/".join([quantity, *parameter]), layer, *_place(index), _text(value), "", ""
        elif section == "expected":
            update, quantity, layer = place.split("/")
            for index, value in np.ndenumerate(array):
                bounds = [_bound(arrays, dtype, place, index) for dtype in DTYPES]
                yield slug, section, update, quantity, layer, *_place(index), _text(value), *bounds


def _place(index: tuple[int, ...]) -> tuple[Any, Any]:
    row, column = (*index, "", "")[:2]
    return row, column


def _text(value: Any) -> str:
    return repr(value.item()) if isinstance(value, np.generic) and value.dtype.kind != "U" else str(value)


def _bound(arrays: Mapping[str, Array], dtype: str, place: str, index: tuple[int, ...]) -> str:
    limit = arrays.get(f"bound_{dtype}/{place}")
    return f">={arrays[f'at_least_{dtype}/{place}'].item()!r}" if limit is None else repr(float(limit[index]))


def _copy(source: Traversable, target: Path) -> None:
    if source.is_file():
        target.write_bytes(source.read_bytes())
        return
    target.mkdir()
    for item in source.iterdir():
        if item.name != "__pycache__":
            _copy(item, target / item.name)
