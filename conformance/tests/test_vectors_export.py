"""Export: JSON, .npz without pickle, and one CSV, each with the very numbers of the vectors."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from backproof.errors import UsageError
from backproof.vectors.export import export
from backproof.vectors.reading import load, values_of, yardstick_of
from backproof.vectors.verify import verify
from backproof_fixtures import read_vectors

SLUGS = ("worked-example", "masked", "mini-batch-descent", "grid-log-loss-far-wrong", "grid-leaky-relu", "e1-net-input")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("export") / "new"
    assert export(made) == len(load())
    return made


def test_everything_that_another_language_needs_is_there(folder):
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in (
        "FORMAT.md",
        "schemas/vector-1.json",
        "validators/validate.c",
        "validators/validate.mjs",
        "vectors.csv",
    ):
        assert name in names
    assert not [name for name in names if "__pycache__" in name]
    assert read_vectors(folder / "vectors").vectors == load()
    assert verify(folder / "vectors", slugs=["e1-net-input"]) == []


@pytest.mark.parametrize("slug", SLUGS)
def test_npz_holds_the_numbers_and_needs_no_pickle(folder, slug):
    data = load()[slug]
    with np.load(folder / "npz" / f"{slug}.npz", allow_pickle=False) as found:
        assert np.array_equal(found["case/x"], np.array(data["case"]["x"]))
        assert found["case/loss"] == data["case"]["loss"]
        assert found["case/activation/1"] == data["case"]["layers"][0]["activation"]["name"]
        for update, values in enumerate(values_of(data), 1):
            for (name, layer), value in values.items():
                assert np.array_equal(found[f"expected/{update}/{name}/{layer}"], value)
        limits = yardstick_of(data, "float64").limits[0]
        for (name, layer), limit in limits.items():
            kind = "at_least" if isinstance(limit, dict) else "bound"
            assert f"{kind}_float64/1/{name}/{layer}" in found
        assert all(array.dtype != object for array in found.values())


@pytest.mark.parametrize("slug", SLUGS)
def test_csv_holds_the_numbers(folder, slug):
    data = load()[slug]
    with (folder / "vectors.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["vector"] == slug]
    for update, values in enumerate(values_of(data), 1):
        for (name, layer), value in values.items():
            place = {"section": "expected", "update": str(update), "quantity": name, "layer": str(layer)}
            here = [row for row in rows if all(row[key] == text for key, text in place.items())]
            assert [float(row["value"]) for row in here] == np.ravel(value).tolist()
            assert all(row["bound_float32"] for row in here)
    weights = [row for row in rows if (row["section"], row["quantity"], row["layer"]) == ("case", "weights", "1")]
    assert [float(row["value"]) for row in weights] == np.ravel(data["case"]["layers"][0]["weights"]).tolist()
    assert any(row["value"] == data["case"]["loss"] for row in rows)


def test_a_folder_that_holds_anything_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="expected a new or empty folder; this one is not empty"):
        export(tmp_path)
    with pytest.raises(UsageError, match="this one is a file"):
        export(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
