"""Ids are permanent: none is dropped, none is used again."""

from __future__ import annotations

import pytest

from backproof.errors import UsageError
from backproof.vectors.families import all_entries
from backproof.vectors.identity import MOVED, RETIRED, check_identity, make_manifest
from backproof_fixtures import read_manifest

BEFORE = {"vectors": {"a": {}, "b": {}}, "moved": {"old": "a"}, "retired": {"gone": "wrong labels"}}
KEPT = {"moved": {"old": "a"}, "retired": {"gone": "wrong labels"}}


def test_what_ships_keeps_every_id():
    check_identity([entry.slug for entry in all_entries()], read_manifest())
    assert read_manifest()["moved"] == dict(MOVED)
    assert read_manifest()["retired"] == dict(RETIRED)


def test_what_stays_and_what_is_new_is_accepted():
    check_identity(["a", "b", "c"], BEFORE, **KEPT)


@pytest.mark.parametrize(
    ("slugs", "changed", "match"),
    [
        (["a"], {}, "'b': nothing generates it any more"),
        (["a", "b", "gone"], {}, "'gone': this id was retired; ids are never used again"),
        (["a", "b", "old"], {}, "'old': this id was moved; ids are never used again"),
        (["a", "b", "gone"], {"retired": {}}, "'gone': this id was retired"),
        (["a", "b"], {"retired": {}}, "'gone': it was moved or retired; that entry stays"),
        (["a", "b"], {"moved": {}}, "'old': it was moved or retired; that entry stays"),
        (["a"], {"moved": {"old": "a", "b": "nowhere"}}, "'b': it moved to 'nowhere', which is no vector"),
    ],
)
def test_an_id_that_is_lost_or_used_again_is_refused(slugs, changed, match):
    with pytest.raises(UsageError, match=match):
        check_identity(slugs, BEFORE, **{**KEPT, **changed})


def test_a_vector_may_be_retired_with_a_reason_or_move():
    check_identity(["a"], BEFORE, moved={"old": "a", "b": "a"}, retired=KEPT["retired"])
    check_identity(["a"], BEFORE, moved=KEPT["moved"], retired={**KEPT["retired"], "b": "a copy of a"})


def test_the_manifest_holds_hashes_and_identities():
    made = make_manifest({"a": "text"}, {"old": "a"}, {"gone": "why"})
    assert made["vectors"]["a"]["file"] == "a.json"
    assert len(made["vectors"]["a"]["sha256"]) == 64
    assert (made["moved"], made["retired"]) == ({"old": "a"}, {"gone": "why"})
