"""The whole regeneration, from the trees as they stand to the trees as the code makes them."""

from __future__ import annotations

from pathlib import Path

from backproof.regen.aside import aside, put_in_place
from backproof.regen.goldens import write_goldens, write_matrix
from backproof.regen.review import changes, differences, show
from backproof.regen.vectors import refuse_edits, write_vectors
from backproof_fixtures import HERE

MATRIX = "kill_matrix.json"


def regenerate(jobs: int, *, check: bool = False, overwrite: bool = False, with_matrix: bool = False) -> int:
    """Rebuild every vector and golden, print what changes, and put the new trees in place.

    check: change nothing, and return 1 if anything would; overwrite: hand edits are lost instead of refused;
    with_matrix: the kill matrix as well, which takes minutes. Returns the exit status.

    Raises UsageError where a file was edited by hand, an id is lost or a revision wrong, and BackproofError where the
    oracles do not agree.
    """
    vectors, goldens = HERE / "vectors", HERE / "goldens"
    if not overwrite:
        refuse_edits(vectors)
    differs = False
    with aside(HERE.parent) as folder:
        write_vectors(folder / "vectors", vectors, jobs, overwrite=overwrite)
        write_goldens(folder / "goldens", goldens, HERE.parents[1])
        for old, new in ((vectors, folder / "vectors"), (goldens, folder / "goldens")):
            found = list(changes(old, new))
            show(found, old.name)
            differs = differs or bool(found)
            if found and not check:
                put_in_place(new, old)
        if with_matrix:
            differs = _matrix(folder / MATRIX, jobs, check=check) or differs
        else:
            print(f"regen: {MATRIX}: not rebuilt (--matrix does, in minutes)")
    return int(check and differs)


def _matrix(new: Path, jobs: int, *, check: bool) -> bool:
    write_matrix(new, jobs)
    old = HERE / MATRIX
    found = [] if old.read_bytes() == new.read_bytes() else list(differences(MATRIX, old, new))
    show(found, MATRIX)
    if found and not check:
        new.replace(old)
    return bool(found)
