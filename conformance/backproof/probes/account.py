"""What probes can see: the smallest relative error that each check would have told, from the bounds that it used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sight:
    """The smallest relative error of one quantity of a layer that exceeds the expected rounding of correct code.

    element: one element of usual size is wrong by this share of itself; row: all of one row; matrix: all of it. Where
    such an error is remarked; above `worst` times as much it deviates.
    """

    quantity: str
    layer: int
    how: str
    element: float
    row: float
    matrix: float
    worst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How a large case was judged: probes, samples and rows in full, how E17 was judged, and what that can see.

    judged_on: the device of the sums: "cpu", or the one on which the subject shows its arrays.
    """

    case: str
    dtype: str
    parameters: int
    probes: int
    samples: int
    rows: int
    delta_rule: str
    judged_on: str
    sights: tuple[Sight, ...]

    def as_data(self) -> dict[str, Any]:
        """Return the account as the report's data."""
        return asdict(self)
