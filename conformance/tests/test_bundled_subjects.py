"""NumPy conforms, torch all but its softplus, scikit-learn all but its losses."""

from __future__ import annotations

import numpy as np
import pytest
from zoo_helpers import EXPECTATIONS, reproduce

from backproof.api import check
from backproof.catalogue import all_cases, get_case
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof.loading import load_subject
from backproof.run import run_subject
from backproof.subjects.bundled_numpy import train
from backproof.verdict import Verdict


def test_the_bundled_implementation_conforms_in_every_clause_and_both_dtypes():
    result = check(load_subject("numpy"), autograd=False)
    assert result.conforms
    assert {entry["status"] for entry in result.report["clauses"]} == {"conforms"}
    assert result.report["counts"]["reduced_accuracy"] == 0


@pytest.mark.parametrize(
    "conventions",
    [
        Conventions(reduction="mean", kink="left"),
        Conventions(reduction="mean", loss_factor=0.5, output_reduction="mean"),
        Conventions(loss_factor=0.5),
    ],
    ids=str,
)
def test_it_conforms_under_other_conventions_and_deviates_undeclared(conventions):
    cases = all_cases("float64")
    declared = run_subject(Subject(name="numpy", run=train, conventions=conventions), cases)
    assert Verdict(declared).name == "conforms"
    undeclared = Subject(name="numpy", run=lambda case: train(case.under(conventions)))
    assert Verdict(run_subject(undeclared, cases)).name == "deviates"


def test_torch_deviates_in_its_softplus_alone_with_its_gelu_in_reduced_accuracy():
    """Both as its users write them; what is expected is what its file says, and the script shows the same."""
    pytest.importorskip("torch", reason="the torch subject needs torch, which is not installed here")
    result = check(load_subject("torch"), expect=EXPECTATIONS / "torch.toml")
    assert result.conforms
    assert result.unmet == ()
    assert [suggestion.name for suggestion in result.diagnosis] == ["softplus-threshold"]
    reduced = {f.case for f in result.judged.run.findings if f.status == "reduced_accuracy"}
    assert reduced == {"negative-gelu"}
    assert check(load_subject("torch"), [get_case("large-softplus")], autograd=False).verdict == "deviates"


def test_torchs_softplus_without_the_kit(tmp_path):
    pytest.importorskip("torch", reason="the script needs torch, which is not installed here")
    done = reproduce("conformance/zoo/reproductions/torch_softplus.py", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "right: 20.25000000160523" in done.stdout


def test_scikit_learn_reports_another_loss_than_it_differentiates_and_the_report_says_so():
    pytest.importorskip("sklearn", reason="the scikit-learn subject needs scikit-learn, which is not installed here")
    result = check(load_subject("scikit-learn"), autograd=False)
    assert result.verdict == "deviates"
    assert {f.clause for f in result.judged.deviations} == {"E4", "E6", "B-own-loss"}
    cases = {case.slug: case for case in all_cases("float64")}
    squared = {f.case for f in result.judged.deviations if f.clause == "E4"}
    assert all(cases[slug].widths[-1] > 1 for slug in squared)
    assert {f.case for f in result.judged.deviations if f.clause == "E6"} == {"large-logits", "huge-logits"}
    assert any("divided by the number of outputs" in note for note in result.report["notes"])


def test_scikit_learns_loss_by_hand_without_the_kit():
    """Ten lines: two outputs, one sample; the reported loss moves half as fast as the gradient says.

    rtol is the step size's curvature, far below the factor 2 in question: the kit's model has no place here.
    """
    neural = pytest.importorskip("sklearn.neural_network", reason="needs scikit-learn, which is not installed here")
    x, y = np.array([[0.5, -1.0]]), np.array([[0.25, 0.75]])
    model = neural.MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", alpha=0, momentum=0, learning_rate_init=2.0**-20, max_iter=1
    )
    model.partial_fit(x, y)
    before = [w.copy() for w in (model.coefs_[0], model.intercepts_[0])]
    model.partial_fit(x, y)
    change = np.concatenate(
        [(b - a).ravel() for b, a in zip(before, (model.coefs_[0], model.intercepts_[0]), strict=True)]
    )
    gradient = change / 2.0**-20
    first = model.loss_
    model.partial_fit(x, y)
    assert np.isclose((first - model.loss_) / (gradient @ change), 0.5, rtol=1e-3, atol=0)


def test_scikit_learns_clipped_cross_entropy_by_hand_without_the_kit():
    """Its log loss ends at -log(eps), whatever the output: 36.04 where the true value is 100."""
    neural = pytest.importorskip("sklearn.neural_network", reason="needs scikit-learn, which is not installed here")
    model = neural.MLPClassifier(
        hidden_layer_sizes=(), solver="sgd", alpha=0, momentum=0, learning_rate_init=1e-9, max_iter=1
    )
    x, y = np.array([[1.0]]), np.array([0])
    model.partial_fit(x, y, classes=[0, 1, 2])
    model.coefs_, model.intercepts_ = [np.array([[0.0, 100.0, 0.0]])], [np.zeros(3)]
    model.partial_fit(x, y)
    assert np.isclose(model.loss_, -np.log(np.finfo(float).eps), rtol=1e-9, atol=0)
