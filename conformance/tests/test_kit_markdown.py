"""The Markdown summary: verdict, deviation, formula and command; nothing of a subject's becomes markup."""

from dataclasses import replace

import pytest
from kit_commands import check as command
from kit_subjects import one_wrong, raising, right

from backproof.api import check
from backproof.catalogue import get_case
from backproof.markdown import markdown_text

CASES = [get_case("tanh-binary"), get_case("worked-example")]


def text_of(subject, **options):
    return markdown_text(check(subject, CASES, autograd=False, **options).report)


def test_a_deviation_is_told_with_formula_and_command():
    text = text_of(one_wrong, target="my_file.py:my_net")
    assert text.startswith("## ❌ one\\_wrong: deviates\n")
    assert "**First deviation**, tanh-binary (float64): Your delta of layer 2 is not E17 `delta-rule`" in text
    assert r"$$\delta_i^l = f'(z_i^l) \sum_j w_{ji}^{l+1} \delta_j^{l+1}$$" in text
    assert "```sh\nbackproof check my_file.py:my_net --case tanh-binary --dtype float64\n```" in text
    assert "| E17 | delta-rule | deviates | " in text
    assert "| E1 |" not in text


def test_what_conforms_is_short_and_says_what_was_not_judged():
    text = text_of(right)
    assert text.startswith("## ✅ right: conforms\n")
    assert "Not judged: E4, E6" in text
    assert "|---|" not in text


def test_errors_are_fenced_whatever_they_hold():
    def run(_):
        raise OSError("```\n# <b>not a heading</b>")

    text = text_of(replace(right, name="a|b <i>*x*", run=run))
    assert "## ❌ a\\|b &lt;i>\\*x\\*: broken" in text
    assert text.count("\n````text\n") == 2
    assert text.count("\n````\n") == 2


def test_many_errors_are_counted():
    text = markdown_text(check(raising, autograd=False).report)
    assert text.count("**Error**") == 20
    assert " more errors." in text


@pytest.mark.parametrize(("name", "status"), [("one_wrong", 1), ("right", 0)])
def test_the_command_writes_it(name, status, tmp_path):
    path = tmp_path / "summary.md"
    done = command(name, "--case", "tanh-binary", "--markdown", str(path))
    assert (done.returncode, path.read_text("utf-8").startswith("## ")) == (status, True)
