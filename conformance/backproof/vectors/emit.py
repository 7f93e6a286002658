"""From an entry to a vector: one function holds the spec against its oracles and writes what they agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backproof.balls import middle
from backproof.case import DTYPES, Case
from backproof.errors import OracleError
from backproof.observation import BY_LAYER, QUANTITIES
from backproof.truth import truth_of
from backproof.vectors.agreement import agreements
from backproof.vectors.bounds import bounds, exponents
from backproof.vectors.dyadic import inexact
from backproof.vectors.entry import Entry
from backproof.vectors.families.revisions import REVISIONS
from backproof.vectors.notes import notes
from backproof.vectors.power import NEAR, TIMES, Yardstick, distances
from backproof.vectors.rounding import rounded_values
from backproof.walk import Key
from backproof.wire.cases import write_case

SCHEMA = "backproof/vector/1"
IN_CASE = ("widths", "loss", "learning_rate", "layers", "x", "y", "batches")
STATED = ("loss_factor", "reduction", "output_reduction", "delta_of", "weight_layout", "batch_axis", "loss_at", "kink")
MOST_RELATIVE_ERROR = 1e-4  # of a multi-step case in float32: beyond, correct programs drift apart


def emit(entry: Entry) -> dict[str, Any]:
    """Return the vector of an entry as data.

    Raises OracleError where the oracles do not agree, an exact vector is not exact, a vector kills no mutant, or a
    multi-step one is not sharp in float32.
    """
    case, rounded = entry.case, rounded_values(entry.case)
    if entry.exact and (place := inexact(case, rounded)):
        msg = f"vector {entry.slug}: it is not exact: {place}"
        raise OracleError(msg)
    _require_sharp(case)
    whole = {dtype: bounds(case, rounded, dtype) for dtype in DTYPES}
    limits = {dtype: _expected_only(entry, whole[dtype]) for dtype in DTYPES}
    values = _expected_only(entry, rounded.values)
    written = limits if not entry.exact else {dtype: _zero(limits[dtype]) for dtype in DTYPES}
    wire = write_case(case)
    flags = sorted({*case.flags, *(["exact"] if entry.exact else [])})
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "slug": entry.slug,
        "title": case.title,
        "family": entry.family,
        "clauses": list(entry.clauses),
        "flags": flags,
        "notes": notes(flags),
        "conventions": {name: wire["conventions"][name] for name in STATED},
        "provenance": {
            "generator": f"backproof.vectors.families: {entry.family}",
            "revision": REVISIONS[entry.family],
            "seed": entry.seed,
        },
        "oracles": agreements(entry, rounded.bits, Yardstick(rounded.values, whole["float64"])),
        "case": {name: wire[name] for name in IN_CASE},
        "expected": [_record(case, step) for step in values],
        "bounds": {
            dtype: [_record(case, {key: exponents(limit) for key, limit in step.items()}) for step in written[dtype]]
            for dtype in DTYPES
        },
        "kills": _claims(entry, Yardstick(values, limits["float64"])),
    }
    data |= {"by_hand": entry.by_hand} if entry.by_hand else {}
    data |= {"informative": list(entry.informative)} if entry.informative else {}
    data |= {"printed": entry.printed} if entry.printed else {}
    return data


def _expected_only(entry: Entry, steps: Sequence[Mapping[Key, Any]]) -> list[dict[Key, Any]]:
    return [{key: value for key, value in step.items() if entry.expects(key)} for step in steps]


def _zero(limits: Sequence[Mapping[Key, Any]]) -> list[dict[Key, Any]]:
    return [{key: np.where(np.isinf(limit), np.inf, 0.0) for key, limit in step.items()} for step in limits]


def _record(case: Case, step: Mapping[Key, Any]) -> dict[str, Any]:
    """Return the record of one update: a list over the layers for each quantity, null where there is nothing."""
    record: dict[str, Any] = {}
    for quantity in QUANTITIES:
        if quantity not in BY_LAYER:
            record |= {quantity: _plain(step[quantity, 0])} if (quantity, 0) in step else {}
            continue
        layers = [_plain(step.get((quantity, n))) for n in range(1, case.depth + 1)]
        record |= {quantity: layers} if any(layer is not None for layer in layers) else {}
    return record


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _claims(entry: Entry, yardstick: Yardstick) -> list[str]:
    found = distances(entry.case, yardstick)
    near = [name for name, distance in found.items() if NEAR[0] < distance < NEAR[1]]
    if near:
        msg = (
            f"vector {entry.slug}: mutant {near[0]} is {found[near[0]]:.3g} tolerances away, so near to {TIMES} that "
            "another machine may not agree: give the case other numbers"
        )
        raise OracleError(msg)
    killed = [name for name, distance in found.items() if distance >= TIMES]
    if not killed:
        msg = f"vector {entry.slug}: it kills no mutant by {TIMES} tolerances: it would test nothing"
        raise OracleError(msg)
    return sorted(killed)


def _require_sharp(case: Case) -> None:
    """Admit a case of several updates only where correct programs of float32 stay together to its end."""
    for step, values in enumerate(truth_of(case.as_dtype("float32")).steps[1:], 2):
        for number in range(1, case.depth + 1):
            goals = [values[key] for key in (("weights", number), ("biases", number)) if key in values]
            largest = max(float(np.abs(middle(goal.exact)).max()) for goal in goals)
            spread = max(float(goal.rms.max()) for goal in goals)
            if not spread < MOST_RELATIVE_ERROR * largest:
                msg = (
                    f"vector {case.slug}: in update {step} the float32 bound of the parameters of layer {number} is "
                    f"{spread:.1e} beside {largest:.1e}, more than {MOST_RELATIVE_ERROR:g} of it"
                )
                raise OracleError(msg)
