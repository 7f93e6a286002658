"""The report as a page: whole, self-contained, escaped, with an anchor for everything that a link names."""

import importlib.util
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from kit_commands import check as command
from kit_subjects import few, not_a_number, one_wrong, raising, right, without_slope

from backproof.api import check
from backproof.catalogue import all_cases, get_case
from backproof.door import Subject
from backproof.page.report_page import MOST_DEVIATIONS, report_page

SLUGS = ("worked-example", "tanh-binary", "sigmoid-regression", "one-layer-regression")
VOID = {"meta", "input", "br", "img", "link"}
NOTE = "<script>alert(1)</script> & `code`"


def judge(subject, slugs=SLUGS, **options):
    cases = [get_case(slug, dtype) for dtype in ("float64", "float32") for slug in slugs]
    return check(subject, cases, autograd=False, **options)


@pytest.fixture(scope="module")
def results():
    subjects = {"right": right, "one_wrong": one_wrong, "nan": not_a_number, "raising": raising, "few": few}
    return {name: judge(subject, target=f"my_file.py:{name}") for name, subject in subjects.items()}


class Reader(HTMLParser):
    """Reads a page: every id, every link, whatever is loaded from elsewhere, and tags that are not closed."""

    def __init__(self, page):
        super().__init__()
        self.ids, self.links, self.loaded, self.open, self.text = [], [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.loaded += [given[name] for name in ("src", "data", "action", "poster") if name in given]
        self.loaded += [given["href"]] if tag == "link" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("name", ["right", "one_wrong", "nan", "raising", "few"])
def test_a_page_is_well_formed_and_every_link_leads_somewhere_in_it(results, name):
    read = Reader(results[name].page())
    assert read.open == []
    assert read.links
    assert all(link.startswith("#") for link in read.links)
    assert {link[1:] for link in read.links} <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))


@pytest.mark.parametrize("name", ["right", "one_wrong"])
def test_a_page_loads_nothing_and_forbids_itself_to(results, name):
    page = results[name].page()
    assert Reader(page).loaded == []
    assert "default-src 'none'" in page
    assert re.findall(r"url\((?!#)|@import|https?://(?!www\.w3\.org/)", page) == []


def test_the_reader_sees_what_a_page_would_load():
    """The negative twin."""
    read = Reader('<p><img src="http://a/b.png"></p><link href="x.css">')
    assert read.loaded == ["http://a/b.png", "x.css"]


def test_a_page_says_verdict_sentence_and_line_to_reproduce(results):
    text = "".join(Reader(results["one_wrong"].page()).text)
    first = results["one_wrong"].report["first_deviation"]
    assert "one_wrong: deviates" in text
    assert first["message"].replace("`", "") in text
    assert first["reproduce"] in text
    assert "No known mutant shows what you show" in text


def test_a_page_speaks_of_no_mutants_where_nothing_could_be_judged(results):
    assert results["nan"].report["first_deviation"]["judged"] == "presence"
    assert "No known mutant" not in "".join(Reader(results["nan"].page()).text)


def test_a_known_bug_is_named_on_the_page():
    page = judge(without_slope).page()
    assert "<code>derivative-missing</code>" in page


def test_every_deviation_and_every_case_has_an_anchor_of_its_own(results):
    report, ids = results["nan"].report, set(Reader(results["nan"].page()).ids)
    assert {f"case-{slug}-{dtype}" for slug in SLUGS for dtype in ("float64", "float32")} <= ids
    assert {clause["id"] for clause in report["clauses"]} <= ids
    first = report["first_deviation"]
    assert f"{first['clause']}-{first['case']}-float64-activations-step1-layer1" in ids
    assert len([name for name in ids if "-step" in name]) == min(len(report["deviations"]), MOST_DEVIATIONS)


def test_deviations_that_are_left_out_are_counted():
    result = check(not_a_number, list(all_cases("float64")), autograd=False)
    text = "".join(Reader(result.page()).text)
    more = len(result.report["deviations"]) - MOST_DEVIATIONS
    assert more > 0
    assert f"the JSON report holds {more} more" in text


def test_the_marked_neuron_and_its_edges_are_those_of_the_finding(results):
    page = results["one_wrong"].page()
    assert page.count('class="neuron marked"') == 1
    case = get_case("tanh-binary")
    assert page.count('class="edge marked"') == case.widths[3]
    assert "marked: neuron 2 of layer 2 and the edges of its equation" in page
    assert 'class="neuron marked"' not in results["right"].page()


def test_what_a_subject_says_is_escaped():
    def run(_):
        raise OSError(NOTE)

    page = judge(Subject(name=NOTE, run=run)).page()
    assert NOTE not in page
    assert NOTE.replace("`", "") in "".join(Reader(page).text).replace("`", "")


def test_the_page_of_the_whole_catalogue_stays_below_a_megabyte():
    result = check(not_a_number, autograd=False)
    assert len(result.page().encode()) < 1_000_000


def test_a_convention_that_explains_everything_is_the_headline():
    def halved(case):
        records = right.run(case)
        for record in records:
            record["weight_gradients"] = [value / len(case.batches[0]) for value in record["weight_gradients"]]
            record["bias_gradients"] = [value / len(case.batches[0]) for value in record["bias_gradients"]]
        return [{name: record[name] for name in ("weight_gradients", "bias_gradients")} for record in records]

    page = judge(replace(right, run=halved), ("tanh-binary", "sigmoid-regression")).page()
    banner = page[page.index('class="banner') : page.index("<nav")]
    assert "conforms under reduction=mean: declare it" in banner


def test_a_notebook_shows_the_same_page_in_a_frame(results):
    shown = results["right"]._repr_html_()
    inside = re.search(r'srcdoc="([^"]*)"', shown).group(1)
    assert unescape(inside) == results["right"].page()
    assert 'title="backproof report, right: conforms"' in shown


def test_the_command_writes_the_page_and_still_exits_by_the_verdict(tmp_path):
    path = tmp_path / "report.html"
    done = command("one_wrong", "--case", "tanh-binary", "--html", str(path))
    assert done.returncode == 1
    assert "one_wrong: deviates" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("no/such/r.html", "--html no/such/r.html: there is no folder no/such"),
        (".", "expected the name of a file; this is a folder"),
        ("-", "--html -: expected the name of a file; only --json writes to standard output"),
    ],
)
def test_a_page_that_cannot_be_written_is_a_usage_error_before_anything_runs(file, told):
    done = command("right", "--html", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_full_disk_is_told_in_one_line():
    done = command("right", "--case", "tanh-binary", "--html", "/dev/full")
    assert done.returncode == 2
    assert done.stderr == "backproof: --html /dev/full: No space left on device\n"


def test_everything_that_a_page_needs_is_installed_with_the_kit():
    for name in ("jinja2", "latex2mathml"):
        assert importlib.util.find_spec(name) is not None


def test_nothing_large_is_computed_exactly_for_a_drawing(results, monkeypatch):
    assert "Largest |δ| by layer" in results["right"].page()
    monkeypatch.setattr("backproof.page.report_page.MOST_WEIGHTS", 3)
    monkeypatch.setattr("backproof.page.report_page.truth_of", None)
    page = results["right"].page()
    assert "Largest |δ| by layer" not in page
    assert "Largest error over tolerance" in page


def test_a_page_is_the_same_twice(results):
    result = results["one_wrong"]
    assert report_page(result.judged, result.report) == result.page()
