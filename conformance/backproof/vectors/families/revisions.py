"""The revision of each generator: raised when its numbers change, and only then; `backproof regen` holds to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REVISIONS: Mapping[str, int] = MappingProxyType(
    {
        "worked-example": 1,
        "catalogue": 1,
        "narrow": 1,
        "one-equation": 1,
        "exact": 1,
        "grid": 1,
        "descent": 1,
        "training": 1,
        "shape": 1,
    }
)
