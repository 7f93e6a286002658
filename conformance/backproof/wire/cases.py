"""A case as JSON, in the conventions that the subject declared, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.case import Case
from backproof.conventions import Conventions
from backproof.wire.arrays import read_array, write_array
from backproof.wire.files import Files
from backproof_spec import Layer, activation

BYTES_A_NUMBER = 64
BYTES_BESIDE = 2**20


def write_case(case: Case, *, packed: bool = False, files: Files | None = None) -> dict[str, Any]:
    """Return what the wire carries of a case.

    case: as `Case.for_subject` gives it, so that layout and batch axis are the declared ones; packed: base64;
    files: where large arrays go.
    """

    def array(values: Any) -> Any:
        return None if values is None else write_array(values, packed=packed, files=files)

    return {
        "slug": case.slug,
        "dtype": case.dtype,
        "loss": case.loss,
        "learning_rate": case.learning_rate,
        "widths": list(case.widths),
        "layers": [
            {
                "weights": array(layer.weights),
                "biases": array(layer.biases),
                "mask": array(layer.mask),
                "activation": {"name": layer.activation.name, "parameters": dict(layer.activation.parameters)},
            }
            for layer in case.layers
        ],
        "x": array(case.x),
        "y": array(case.y),
        "batches": [[int(index) for index in batch] for batch in case.batches],
        "flags": list(case.flags),
        "conventions": case.conventions.declared(),
    }


def read_case(data: dict[str, Any], files: Files | None = None) -> Case:
    """Return the case that `write_case` wrote, in the article's layout; files: where its large arrays are."""
    conventions = Conventions(**data["conventions"])
    transposed, columns = conventions.weight_layout == "in_out", conventions.batch_axis == 1

    def array(values: Any, dtype: str, *, turned: bool = False) -> Any:
        if values is None:
            return None
        # A mask of lists holds true and false, which are no numbers of an answer.
        plain = dtype == "bool" and isinstance(values, list)
        found = np.array(values if plain else read_array(values, "case", packed=True, files=files), dtype)
        return np.ascontiguousarray(found.T) if turned else found

    layers = tuple(
        Layer(
            array(layer["weights"], data["dtype"], turned=transposed),
            array(layer["biases"], data["dtype"]),
            activation(layer["activation"]["name"], **layer["activation"]["parameters"]),
            array(layer["mask"], "bool", turned=transposed),
        )
        for layer in data["layers"]
    )
    return Case(
        slug=data["slug"],
        layers=layers,
        x=array(data["x"], data["dtype"], turned=columns),
        y=array(data["y"], data["dtype"], turned=columns),
        loss=data["loss"],
        learning_rate=float(data["learning_rate"]),
        batches=tuple(map(tuple, data["batches"])),
        dtype=data["dtype"],
        conventions=conventions,
        flags=tuple(data["flags"]),
    )


def answer_limit(case: Case) -> int:
    """Return the most bytes that an answer to a case may have: enough for every quantity of every update."""
    parameters = 2 * sum(layer.weights.size for layer in case.layers)
    biases = 2 * sum(case.widths[1:])
    samples = 3 * sum(case.widths[1:]) * max(len(batch) for batch in case.batches)
    return BYTES_BESIDE + BYTES_A_NUMBER * len(case.batches) * (parameters + biases + samples)
