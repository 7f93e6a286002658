"""What judging costs, counted in bytecode instructions and not in seconds: the same on every machine.

The limits are a fifth above what was counted when they were set: a Python loop over elements, an oracle that is asked
twice, or a library call that runs a thousand lines of Python is far above them.
"""

import importlib.util
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from instructions import instructions
from probe_networks import large, update

from backproof import get_case
from backproof.guarded import guarded
from backproof.probes import judge_by_probes
from backproof.run import judged_case
from backproof.subjects.bundled_numpy import make_subject

MOST = {"tanh-binary": 400_000, "worked-example": 430_000}  # counted: 331,483 and 357,507
GROWTH = 1.5  # of what judging by probes executes, when the network or the batch is four times as large

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")


@pytest.fixture(scope="module")
def subject():
    return make_subject()


def fresh(slug, subject):
    """A case that no cache knows."""
    return replace(get_case(slug), slug="counted").under(subject.conventions)


@pytest.mark.parametrize("slug", MOST)
def test_judging_a_case_executes_no_more_than_it_did(slug, subject):
    judged_case(subject, fresh(slug, subject), [])  # what is made once for all cases is made
    case = fresh(slug, subject)
    first = instructions(lambda: judged_case(subject, case, []))
    again = instructions(lambda: judged_case(subject, case, []))
    assert again < first <= MOST[slug]  # again: the truth of a case is remembered
    twice = instructions(lambda: [judged_case(subject, fresh(slug, subject), []) for _ in range(2)])
    assert twice > MOST[slug]  # the twin


@pytest.mark.parametrize("everything", [False, True], ids=["probes", "every element"])
def test_judging_a_large_network_does_not_go_through_its_elements(everything):
    def count(widths, samples):
        case = large("tanh", widths=widths, samples=samples)
        answer = update(case)
        return instructions(lambda: judge_by_probes(case, answer, everything=everything))

    small = count((256, 256, 16), 64)
    assert count((512, 512, 16), 64) < GROWTH * small
    assert count((256, 256, 16), 256) < GROWTH * small


def test_a_loop_over_the_rows_is_counted_as_what_it_is():
    few, many = np.zeros((64, 256)), np.zeros((256, 256))
    assert instructions(lambda: [sum(row) for row in many]) > GROWTH * instructions(lambda: [sum(r) for r in few])


@needs_torch
def test_a_guarded_call_executes_little_beside_torch():
    """torch.manual_seed alone keeps three formatted stacks, of some thousand instructions for each frame above."""
    import torch

    guarded(dict)
    most = 3_000
    assert instructions(lambda: guarded(dict)) < most
    if not torch.accelerator.is_available():
        assert instructions(lambda: torch.manual_seed(0)) > most


@needs_torch
def test_a_guarded_call_does_not_import_the_compiler_of_torch():
    """It takes longer to import than torch itself; only a subject that sets the deterministic flag pays for it."""
    code = """
import sys, torch
from backproof.guarded import guarded
guarded(dict)
print("torch._inductor" in sys.modules)
guarded(lambda: torch.use_deterministic_algorithms(True))
print("torch._inductor" in sys.modules, torch.are_deterministic_algorithms_enabled())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]


@needs_torch
@pytest.mark.parametrize("accelerated", [False, True])
def test_torch_is_seeded_on_every_device_that_there_is(accelerated, monkeypatch):
    import torch

    seeded = []
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: accelerated)
    monkeypatch.setattr(torch, "manual_seed", seeded.append)
    drawn = [guarded(lambda: torch.rand(3).tolist(), seed=seed) for seed in (1, 1, 2)]
    assert seeded == ([1, 1, 2] if accelerated else [])
    if not accelerated:
        assert drawn[0] == drawn[1] != drawn[2]
