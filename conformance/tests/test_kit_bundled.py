"""Bundled subjects say whether they can run here; narrow cases are judged for those that name them alone."""

from __future__ import annotations

import pytest

from backproof.api import check
from backproof.catalogue import NARROW, all_cases, get_case, narrow_cases
from backproof.door import Subject
from backproof.errors import UsageError
from backproof.loading import BUNDLED, Bundled, load_subject
from backproof.subjects.bundled_numpy import train

ABSENT = Bundled("backproof.subjects.nothing", "a package that is not there", "no-such-package", "no_such_package")


def test_what_needs_nothing_is_available_and_what_is_absent_says_how_to_install_it():
    assert BUNDLED["numpy"].status == "available"
    assert ABSENT.status == "not installed: pip install no-such-package"
    assert not ABSENT.available


def test_loading_an_absent_package_names_what_to_install(monkeypatch, tmp_path):
    (tmp_path / "needs_it.py").write_text("import no_such_package", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(
        BUNDLED, "absent", Bundled("needs_it", ABSENT.what, package=ABSENT.package, imports=ABSENT.imports)
    )
    with pytest.raises(UsageError, match=r"needs the package no-such-package, .*: pip install no-such-package$"):
        load_subject("absent")


def test_narrow_cases_have_slugs_of_their_own_in_both_dtypes():
    slugs = [case.slug for case in (*all_cases("float64"), *narrow_cases("float64"))]
    assert len(set(slugs)) == len(slugs)
    assert [case.slug for case in narrow_cases("float32")] == [case.slug for case in narrow_cases("float64")]
    assert all(get_case(case.slug, "float32").dtype == "float32" for case in narrow_cases("float64"))


def test_a_family_holds_one_kind_of_network():
    for case in narrow_cases("float64", "sigmoid-softmax"):
        assert [layer.activation.name for layer in case.layers] == ["sigmoid", "softmax"]
    for case in narrow_cases("float64", "relu-linear"):
        assert {layer.activation.name for layer in case.layers} <= {"relu", "identity"}
    for case in narrow_cases("float64", "one-activation"):
        assert "other-output-activation" not in case.flags
        assert "several-samples" not in case.flags


@pytest.mark.parametrize("family", NARROW)
def test_the_bundled_implementation_conforms_on_every_family(family):
    assert check(load_subject("numpy"), narrow_cases("float64", family), autograd=False).conforms


def test_a_subject_that_names_a_family_is_judged_on_it_and_another_is_not():
    plain = Subject(name="plain", run=train, losses=("cross_entropy",), activations=("sigmoid", "softmax"))
    narrow = Subject(
        name="narrow", run=train, losses=plain.losses, activations=plain.activations, narrow=("sigmoid-softmax",)
    )
    fewer, more = check(plain, autograd=False), check(narrow, autograd=False)
    added = 2 * len(narrow_cases("float64", "sigmoid-softmax"))
    assert more.report["counts"]["cases"] == fewer.report["counts"]["cases"] + added


def test_an_unknown_family_is_refused():
    with pytest.raises(UsageError, match="narrow: unknown 'wide'; the known ones are sigmoid-softmax"):
        Subject(name="a", run=train, narrow=("wide",))
