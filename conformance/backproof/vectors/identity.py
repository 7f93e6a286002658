"""The identity of vectors: an id is permanent. It may move to another or be retired; it is never used again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from backproof.errors import UsageError
from backproof.vectors.text import digest
from backproof_fixtures.reader import MANIFEST_SCHEMA

MOVED: Mapping[str, str] = MappingProxyType({})  # old id: the id that it has now
RETIRED: Mapping[str, str] = MappingProxyType({})  # id: why it is no more


def check_identity(
    slugs: Iterable[str],
    before: Mapping[str, Any],
    moved: Mapping[str, str] = MOVED,
    retired: Mapping[str, str] = RETIRED,
) -> None:
    """Raise UsageError where an id of the manifest `before` is lost, or one that moved or was retired is used again."""
    current, gone = set(slugs), {**moved, **retired}
    known = {**before.get("moved", {}), **before.get("retired", {})}
    for slug in sorted(current):
        if slug in gone or slug in known:
            msg = f"vector {slug!r}: this id was {'moved' if slug in moved else 'retired'}; ids are never used again"
            raise UsageError(msg)
    for slug in before.get("vectors", {}):
        if slug not in current and slug not in gone:
            msg = f"vector {slug!r}: nothing generates it any more; name it in MOVED or RETIRED, ids are never dropped"
            raise UsageError(msg)
    for slug in sorted(known):
        if slug not in gone:
            msg = f"vector {slug!r}: it was moved or retired; that entry stays for good"
            raise UsageError(msg)
    for old, new in moved.items():
        if new not in current:
            msg = f"vector {old!r}: it moved to {new!r}, which is no vector"
            raise UsageError(msg)


def make_manifest(
    texts: Mapping[str, str], moved: Mapping[str, str] = MOVED, retired: Mapping[str, str] = RETIRED
) -> dict[str, Any]:
    """Return the manifest of vector texts by slug."""
    return {
        "schema": MANIFEST_SCHEMA,
        "vectors": {slug: {"file": f"{slug}.json", "sha256": digest(text)} for slug, text in texts.items()},
        "moved": dict(moved),
        "retired": dict(retired),
    }
