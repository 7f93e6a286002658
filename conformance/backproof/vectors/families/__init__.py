"""The families of vectors: what becomes a vector, each case once, in the order of the manifest.

To add a vector, write its line in the table of its family; its slug is permanent and never reused (identity.py).
"""

from __future__ import annotations

from functools import cache

from backproof.errors import UsageError
from backproof.vectors.entry import Entry
from backproof.vectors.families import catalogued, exact, generated, grids, one_equation
from backproof.vectors.families.revisions import REVISIONS

__all__ = ["REVISIONS", "all_entries"]


@cache
def all_entries() -> tuple[Entry, ...]:
    """Return every entry. Raises UsageError where two have the same slug."""
    found = [entry for family in (catalogued, one_equation, exact, grids, generated) for entry in family.entries()]
    slugs = [entry.slug for entry in found]
    twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if twice:
        msg = f"two vectors have the slug {twice[0]!r}: each needs one of its own"
        raise UsageError(msg)
    return tuple(found)
