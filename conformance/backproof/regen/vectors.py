"""Rebuilding the vectors: hand edits refused, ids and revisions held to, every file written aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from backproof.errors import UsageError
from backproof.processes import in_processes
from backproof.vectors.emit import emit
from backproof.vectors.families import all_entries
from backproof.vectors.identity import check_identity, make_manifest
from backproof.vectors.text import canonical
from backproof_fixtures import VectorError, read_manifest, strict_json
from backproof_fixtures.reader import MANIFEST

NOTHING: dict[str, Any] = {"vectors": {}, "moved": {}, "retired": {}}


def refuse_edits(folder: Path) -> None:
    """Raise UsageError where a stored file is not what its hash says: vectors are generated, never edited."""
    if not (folder / MANIFEST).exists():
        return
    try:
        manifest = read_manifest(folder)
    except VectorError as error:
        msg = f"{error}; restore it (git checkout {folder / MANIFEST}) or say --overwrite"
        raise UsageError(msg) from error
    for entry in manifest["vectors"].values():
        path = folder / entry["file"]
        if path.exists() and sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            msg = (
                f"{entry['file']} was edited by hand: its content hash is not the one in {MANIFEST}. Vectors are "
                f"generated: change the code that makes them, and restore it (git checkout {path}) or say --overwrite"
            )
            raise UsageError(msg)


def write_vectors(folder: Path, before: Path, jobs: int, *, overwrite: bool = False) -> None:
    """Write every vector and the manifest into `folder`; `before` is the tree as it stands.

    overwrite: take nothing of the stored numbers for given, only the ids. Raises UsageError where an id is lost or used
    again, and where numbers change without a new revision or a revision without numbers.
    """
    stored = _stored(before)
    manifest = NOTHING if not (before / MANIFEST).exists() else read_manifest(before)
    entries = all_entries()
    check_identity([entry.slug for entry in entries], manifest)
    found = list(in_processes(_emitted, range(len(entries)), jobs, 2))
    if not overwrite:
        check_revisions(stored, found)
    texts = {data["slug"]: canonical(data) for data in found}
    folder.mkdir()
    for slug, text in texts.items():
        (folder / f"{slug}.json").write_text(text, encoding="utf-8")
    (folder / MANIFEST).write_text(canonical(make_manifest(texts)), encoding="utf-8")


def check_revisions(stored: Mapping[str, Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> None:
    """Raise UsageError where the numbers of a vector change and its generator's revision does not, or the reverse."""
    changed: dict[str, str] = {}
    raised: dict[str, str] = {}
    for data in found:
        old = stored.get(data["slug"])
        if old is None:
            continue
        family, slug = data["family"], data["slug"]
        revisions = old["provenance"]["revision"], data["provenance"]["revision"]
        if any(old[part] != data[part] for part in ("case", "expected")):
            changed.setdefault(family, slug)
            if revisions[0] == revisions[1]:
                msg = (
                    f"vector {slug}: its numbers change, the revision of its generator does not: raise {family!r} to "
                    f"{revisions[1] + 1} in vectors/families/revisions.py, or find out what changed them"
                )
                raise UsageError(msg)
        elif revisions[0] != revisions[1]:
            raised.setdefault(family, slug)
    for family, slug in raised.items():
        if family not in changed:
            msg = f"the revision of {family!r} was raised, but no number of its vectors changes (such as {slug})"
            raise UsageError(msg)


def _emitted(number: int) -> dict[str, Any]:
    return emit(all_entries()[number])


def _stored(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the vectors that can be read, by slug; one that cannot counts as new."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            data = strict_json(path.read_bytes(), path.name)
            if path.name != MANIFEST and {"case", "expected", "provenance"} <= data.keys():
                found[data["slug"]] = data
        except (VectorError, AttributeError, KeyError):
            continue
    return found
