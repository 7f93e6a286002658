"""PyTorch autograd on a CUDA device against ball arithmetic and the subject on it: `tox run -e cuda`.

TF32 is off, and once on, where it must deviate undeclared.
"""

from __future__ import annotations

import pytest

from backproof.catalogue import all_cases
from backproof.conventions import Conventions
from backproof.judge.end_to_end import agreement
from backproof.truth import truth_of

pytestmark = pytest.mark.cuda

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.slug}-{case.dtype}" for case in CASES])
def test_autograd_on_cuda_lies_within_the_worst_case(case, cuda):
    from backproof.autograd.oracle import AutogradOracle

    for dtype in dict.fromkeys((case.dtype, "float64")):
        steps = AutogradOracle(cuda, dtype).steps(case)
        assert steps is None or agreement(case, truth_of(case), steps, dtype, f"autograd on {cuda}") <= 1


def test_torch_on_cuda_conforms_with_tf32_off(cuda):
    from backproof.api import check
    from backproof.loading import load_subject

    assert check(load_subject("torch", cuda), device=cuda).conforms


def test_a_large_network_is_judged_where_its_arrays_lie(cuda):
    """12.6 million parameters: what is shown stays on the device, and only sums come over."""
    from backproof.api import check
    from backproof.catalogue.large import large_case
    from backproof.loading import load_subject
    from backproof.observation import lies_elsewhere

    subject, case = load_subject("torch", cuda), large_case("large-12m")
    (shown,) = subject.run(case.for_subject())
    assert all(lies_elsewhere(values) for values in shown["weight_gradients"])
    report = check(subject, [case], device=cuda).report
    assert not report["deviations"]
    assert report["probes"][0]["judged_on"].startswith(cuda)


@pytest.mark.parametrize("quantity", ["net_inputs", "deltas", "weight_gradients", "weights"])
def test_one_wrong_element_is_found_on_the_device(cuda, quantity):
    import torch

    from backproof.autograd.subject import make_subject
    from backproof.catalogue.large import large_case
    from backproof.judge.findings import Status
    from backproof.probes import judge_by_probes

    case = large_case("large-1m")
    (shown,) = make_subject(cuda).run(case.for_subject())
    wrong = shown[quantity][1].clone()
    wrong[3, 5] = torch.nan
    shown[quantity][1] = wrong
    probed = judge_by_probes(case, shown)
    assert probed.account.judged_on.startswith(cuda)
    assert any(finding.status is Status.DEVIATES and finding.layer in {1, 2} for finding in probed.findings)


def test_tf32_conforms_as_declared(cuda):
    """One explicit run with TF32 on: operands of products rounded to 11 bits, judged under that declaration."""
    import torch

    from backproof.autograd.subject import make_subject
    from backproof.door import Subject
    from backproof.run import run_subject
    from backproof.verdict import Verdict

    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        low = Subject(name="torch with TF32", run=make_subject(cuda).run, conventions=Conventions(precision="tf32"))
        outcome = Verdict(run_subject(low, all_cases("float32")))
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
    assert outcome.deviations == []
