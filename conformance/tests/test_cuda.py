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


def test_a_large_network_is_judged_without_copying_its_arrays(cuda):
    """12.6 million parameters: what is shown stays on the device, and only the rows being judged come over."""
    from backproof.api import check
    from backproof.catalogue.large import large_case
    from backproof.loading import load_subject
    from backproof.observation import lies_elsewhere

    subject, case = load_subject("torch", cuda), large_case("large-12m")
    (shown,) = subject.run(case.for_subject())
    assert all(lies_elsewhere(values) for values in shown["weight_gradients"])
    assert not check(subject, [case], device=cuda).report["deviations"]


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
