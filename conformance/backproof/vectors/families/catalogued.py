"""The catalogue's cases, those of the narrow families and the worked example as vectors: the very same cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backproof.catalogue import NARROW, all_cases, narrow, narrow_cases
from backproof.catalogue import cases as catalogue
from backproof.catalogue.worked import worked_example
from backproof.vectors.entry import Entry
from backproof_fixtures import printed_worked_example


def entries() -> Iterator[Entry]:
    """Yield the entries of cases that the kit has already."""
    yield Entry(case=worked_example(), family="worked-example", printed=_printed())
    yield Entry(case=worked_example(dense=True), family="worked-example")
    seeds = {row[0]: row[-1]["seed"] for row in catalogue.TABLE}
    for case in all_cases("float64"):
        if case.slug != "worked-example":
            yield Entry(case=case, family="catalogue", seed=seeds.get(case.slug))
    for family in NARROW:
        seeds = {row[0]: row[-1]["seed"] for row in narrow.TABLE[family]}
        for case in narrow_cases("float64", family):
            yield Entry(case=case, family="narrow", seed=seeds[case.slug])


def _printed() -> dict[str, Any]:
    """Return the numbers as the example's author printed them, in places of the vector: update, quantity, layer."""
    printed = printed_worked_example()
    rows = [
        *((1, "activations", layer, printed["first_forward"][name]) for layer, name in enumerate(("a1", "a2", "o"), 1)),
        *((1, "deltas", layer, printed["deltas"][f"layer {layer}"]) for layer in (1, 2, 3)),
        (2, "activations", 3, printed["second_forward"]["o"]),
    ]
    return {
        "source": printed["source"],
        "decimals": printed["decimals"],
        "values": [
            {"update": update, "quantity": quantity, "layer": layer, "sample": 0, "values": list(values)}
            for update, quantity, layer, values in rows
        ],
    }
