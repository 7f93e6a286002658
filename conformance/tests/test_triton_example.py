"""Fused Triton kernels as a subject: right ones conform, each seeded bug is caught by its clause.

On a CUDA device where there is one, else in Triton's interpreter: `tox run -e triton`, `tox run -e cuda`.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from probe_networks import large

from backproof.api import check
from backproof.catalogue import all_cases
from backproof.judge.findings import Status
from backproof.loading import load_subject
from backproof.probes import judge_by_probes

pytestmark = pytest.mark.triton

FILE = Path(__file__).parents[1] / "examples" / "triton_mlp.py"
BUGS = {"masked_tail": "E11", "wrong_stride": "E17", "bfloat16_accumulation": "E11"}
SEEN = ("one-layer-regression", "relu-exact-zero", "zero-error")


@pytest.fixture(scope="module")
def subject_of():
    missing = [name for name in ("torch", "triton") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed: tox run -e triton")
    return lambda name: load_subject(f"{FILE}:{name}")


def cases(subject):
    """Every case that the subject does; in the interpreter, where each takes seconds, some chosen ones."""
    import torch

    able = [case for case in all_cases() if subject.skip_reason(case) is None]
    assert {case.slug for case in able} >= set(SEEN)
    if torch.cuda.is_available():
        return able
    return [case for case in able if case.slug in SEEN or len(case.layers) > 3 or max(case.widths) > 8]


def test_the_right_kernels_conform(subject_of):
    subject = subject_of("right")
    chosen = cases(subject)
    result = check(subject, chosen)
    assert result.conforms, result
    assert len(chosen) >= 4
    assert {"E1", "E11", "E17", "E22", "E26"} <= {
        c["id"] for c in result.report["clauses"] if c["status"] in {"conforms", "reduced_accuracy"}
    }


@pytest.mark.parametrize(("bug", "clause"), BUGS.items())
def test_each_bug_is_caught_by_its_clause(bug, clause, subject_of):
    subject = subject_of(bug)
    result = check(subject, cases(subject))
    assert result.report["verdict"] == "deviates"
    local = {d["clause"] for d in result.report["deviations"] if not d["clause"].startswith("B-")}
    assert local == {clause}


@pytest.mark.parametrize(("bug", "clause"), [("right", None), *BUGS.items()])
def test_a_large_network_with_tails_in_every_direction_is_judged_by_probes(bug, clause, subject_of):
    """Forty samples and widths that are no multiples of 32: the last block of each is masked."""
    case = large("tanh", widths=(70, 50, 45, 33))
    probed = judge_by_probes(case, subject_of(bug).run(case.for_subject()))
    wrong = {finding.clause for finding in probed.findings if finding.status is Status.DEVIATES}
    assert wrong == ({clause} if clause else set())


@pytest.mark.parametrize(("change", "rounds"), [("", False), ('input_precision="tf32"', True)], ids=["as-is", "tf32"])
def test_the_kernels_compile_for_a_device_that_is_not_here(change, rounds, subject_of, tmp_path):
    """For Hopper (sm_90), to machine code; products in float32, unless the file says TF32."""
    assert subject_of("right")
    file = tmp_path / "kernels.py"
    text = FILE.read_text()
    file.write_text(text.replace('input_precision="ieee"', change) if change else text)
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path / "cache")}
    environment.pop("TRITON_INTERPRET", None)
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("compile_kernels.py")), str(file), "90"]
    made = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600).stdout)
    assert {kernel["kernel"] for kernel in made} == {"_forward", "_deltas_below", "_gradient_and_step"}
    assert all(kernel["bytes"] > 1000 for kernel in made)
    assert {kernel["tf32"] for kernel in made} == {rounds}
    assert rounds or all(kernel["fused"] for kernel in made)
