"""The matrix as a page and the badges: every cell leads to its evidence, names are escaped and their own."""

from xml.etree import ElementTree as ET

import pytest
from kit_commands import SUBJECTS, run
from test_page_report import Reader

from backproof.catalogue import get_case
from backproof.loading import BUNDLED, Bundled
from backproof.matrix import as_data, judge_all
from backproof.page.matrix_page import badge, badge_names, matrix_page

WRONG, RAISING = f"{SUBJECTS}:one_wrong", f"{SUBJECTS}:raising"


@pytest.fixture(scope="module")
def data():
    BUNDLED["absent"] = Bundled("a", "b", "no-such-package", "no_such_package")
    try:
        cases = [get_case("tanh-binary"), get_case("worked-example")]
        return as_data(judge_all(["numpy", WRONG, RAISING, "absent"], autograd=False, cases=cases))
    finally:
        del BUNDLED["absent"]


def test_every_cell_leads_to_its_evidence(data):
    read = Reader(matrix_page(data))
    assert read.open == []
    assert {link[1:] for link in read.links} <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))
    cells = [link for link in read.links if link.endswith("-E17")]
    assert len(cells) == len([subject for subject in data["subjects"] if subject["clauses"]]) == 3


def test_the_evidence_of_a_deviation_is_its_sentence_and_its_command(data):
    text = "".join(Reader(matrix_page(data)).text)
    assert "Your delta of layer 2 is not E17 delta-rule" in text
    assert f"backproof check {WRONG} --case tanh-binary --dtype float64" in text
    assert "no idea how to do" in text
    assert "not installed: pip install no-such-package" in text


def test_a_subject_that_conforms_has_no_deviation_on_the_page(data):
    right = {**data, "subjects": [data["subjects"][0]]}
    assert "is not E17" not in matrix_page(right)


def test_the_command_writes_page_and_badges(tmp_path):
    words = ("--subject", WRONG, "--no-autograd", "--html", "m.html", "--badges", "badges", "--quiet")
    done = run("matrix", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Clauses by implementations" in (tmp_path / "m.html").read_text("utf-8")
    (made,) = (tmp_path / "badges").iterdir()
    assert made.suffix == ".svg"
    assert "deviates" in made.read_text("utf-8")


@pytest.mark.parametrize("verdict", ["conforms", "deviates", "broken", "incomplete", "not run"])
def test_a_badge_is_svg_that_says_name_and_verdict(verdict):
    root = ET.fromstring(badge("<a&b>", verdict))  # noqa: S314 - our own text
    assert root.get("aria-label") == f"<a&b>, judged by backproof: {verdict}"
    assert verdict in [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_badges_of_different_subjects_have_different_names():
    names = badge_names(["a/b.py:net", "a:b.py:net", "numpy", "../../x", ""])
    assert len(set(names)) == 5
    assert not any("/" in name or name.startswith(".") for name in names)


def test_badges_that_cannot_be_written_are_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run("matrix", "--subject", f"{SUBJECTS}:few", "--no-autograd", "--badges", "file/x", cwd=tmp_path)
    assert done.returncode == 2
    assert "--badges file/x: Not a directory" in done.stderr
