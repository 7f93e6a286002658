"""The command line when something happens that nobody ordered: it may never look like a verdict on the subject."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from kit_commands import SUBJECTS, check, run
from kit_subjects import right, train

from backproof.catalogue import get_case
from backproof.cli.main import EXIT_BROKEN, EXIT_USAGE
from backproof.loading import load_subject
from backproof.run import answer

ONE = ("--case", "worked-example", "--dtype", "float64")
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed: there is no autograd oracle to upset"
)


def write(folder, text):
    path = folder / "my_subject.py"
    path.write_text(f"from dataclasses import replace\nfrom kit_subjects import right, train\n{text}", encoding="utf-8")
    return f"{path}:net"


def test_a_file_with_the_documented_decorator_is_judged(tmp_path):
    text = '@backproof.subject(activations=["sigmoid"], losses=["log"])\ndef net(case):\n    return train(case)\n'
    done = check(write(tmp_path, f"import backproof\n{text}"), *ONE)
    assert done.returncode == 0, done.stderr


def test_a_file_with_a_bare_function_is_judged(tmp_path):
    done = check(write(tmp_path, "def net(case):\n    return train(case)\n"), *ONE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    wrong = check(write(tmp_path, "def net(case):\n    return train(case)[:1]\n"), *ONE)
    assert wrong.returncode == 1
    assert "1 updates are shown, the case makes 2" in wrong.stdout


def test_a_report_that_cannot_be_written_is_a_usage_error(tmp_path):
    done = check("right", *ONE, "--json", str(tmp_path / "no-folder" / "report.json"))
    assert done.returncode == EXIT_USAGE
    assert "Traceback" not in done.stderr


def test_an_answer_whose_own_code_raises_is_broken_and_the_other_cases_are_judged(tmp_path):
    text = (
        "class Odd:\n    def __array__(self, *_, **__):\n        raise AttributeError('on purpose')\n"
        "def run(case):\n    return [{'weights': [Odd()] * 3}] * 2 if case.dtype == 'float64' else train(case)\n"
        "net = replace(right, run=run)\n"
    )
    done = check(write(tmp_path, text), "--case", "worked-example")
    assert done.returncode == EXIT_BROKEN
    assert "1 cases" in done.stdout


def test_a_usage_error_of_the_subject_is_the_subjects(tmp_path):
    text = (
        "from backproof.errors import UsageError\n"
        "def run(case):\n    if case.dtype == 'float64':\n        raise UsageError('mine')\n    return train(case)\n"
        "net = replace(right, run=run)\n"
    )
    assert check(write(tmp_path, text), "--case", "worked-example").returncode == EXIT_BROKEN


@pytest.mark.parametrize("name", ["my net [v2]", "net[/]"])
def test_a_name_is_printed_as_it_is(tmp_path, name):
    done = check(write(tmp_path, f"net = replace(right, name={name!r})\n"), *ONE, "--quiet")
    assert done.returncode == 0
    assert f"{name}: conforms" in done.stdout


def test_an_unknown_device_is_a_usage_error():
    assert check("right", *ONE, "--device", "tpu").returncode == EXIT_USAGE


@needs_torch
def test_a_missing_cuda_device_is_a_usage_error():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    assert run("check", f"{SUBJECTS}:right", *ONE, "--device", "cuda").returncode == EXIT_USAGE


@needs_torch
def test_a_subject_that_switches_gradients_off_does_not_break_the_oracle(tmp_path):
    target = write(tmp_path, "import torch\ntorch.set_grad_enabled(False)\nnet = right\n")
    assert run("check", target, *ONE).returncode == 0


def test_what_a_subject_sets_for_numpy_is_undone_before_its_answer_is_judged():
    def run_loudly(case):
        np.seterr(all="raise")
        return train(case)

    with np.errstate():
        before = np.geterr()
        answer(replace(right, run=run_loudly), get_case("worked-example"))
        assert np.geterr() == before


def test_what_a_file_sets_for_numpy_is_undone_after_its_import(tmp_path):
    with np.errstate():
        before = np.geterr()
        load_subject(write(tmp_path, "import numpy\nnumpy.seterr(all='raise')\nnet = right\n"))
        assert np.geterr() == before


def test_the_version_is_printed_from_a_checkout_too(tmp_path):
    done = run("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("backproof ")
