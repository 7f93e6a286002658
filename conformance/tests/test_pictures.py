"""The pictures of the documentation are those of the pages that the code makes now."""

import json

import pytest
from picture_pages import HASHES, PICTURES, SIZES, fingerprint, pages

HOW = "the page has changed: take the pictures anew with `python conformance/tests/picture_pages.py`"
LARGEST = 300_000


@pytest.fixture(scope="module")
def made():
    return pages()


@pytest.mark.parametrize("name", SIZES)
def test_a_picture_is_of_the_page_that_the_code_makes_now(made, name):
    assert json.loads(HASHES.read_text(encoding="utf-8"))[name] == fingerprint(made[name]), HOW


@pytest.mark.parametrize("name", SIZES)
def test_a_picture_is_a_picture_of_its_size(name):
    data = (PICTURES / name).read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert tuple(int.from_bytes(data[at : at + 4]) for at in (16, 20)) == SIZES[name][:2]
    assert len(data) < LARGEST


def test_every_picture_that_is_kept_is_one_of_these():
    assert {path.name for path in PICTURES.glob("*.png")} == set(SIZES)


def test_a_page_that_says_something_else_has_another_fingerprint(made):
    page = made["report-deviates.png"]
    assert fingerprint(page.replace("deviates", "conforms")) != fingerprint(page)
    assert fingerprint(page.replace("0.02460231912", "0.02460231913")) == fingerprint(page)
