"""A subject called in this process: what it sets is undone, what it raises is its own error, what it sees is fixed."""

import contextlib
import importlib.util
import os
import random
import signal
import subprocess
import sys
import threading
import warnings

import kit_subjects
import numpy as np
import pytest

from backproof import check, get_case
from backproof.errors import ObservationError, SubjectError
from backproof.guarded import guarded, kept_seeds

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed: it has no settings to keep"
)


def state():
    """What must be the same before and after."""
    legacy = np.random.get_state()  # noqa: NPY002 - the global generator is what is kept
    return np.geterr(), list(warnings.filters), random.getstate(), legacy[1].tolist(), legacy[2:], sys.stdout


def sets_everything():
    np.seterr(all="raise")
    warnings.simplefilter("error")
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    sys.stdout = sys.stderr


def test_what_a_subject_sets_is_undone():
    before, out = state(), sys.stdout
    guarded(sets_everything)
    assert state() == before
    with np.errstate(), warnings.catch_warnings():
        try:
            sets_everything()  # the twin: without the guard all of it stays
            assert state() != before
        finally:
            sys.stdout = out


def test_a_run_of_calls_keeps_the_random_numbers_once():
    """Inside, each call starts from its own seed; the outermost restores what was there, also past an error."""
    before = state()

    def draws():
        return random.random(), np.random.rand()  # noqa: NPY002, S311 - the global generators are what is kept

    def a_run_that_fails():
        with kept_seeds():
            drawn = [guarded(draws, seed=seed) for seed in (1, 1, 2)]
            assert drawn[0] == drawn[1] != drawn[2]
            assert state() != before  # the twin: the inner calls restored nothing
            raise LookupError

    with pytest.raises(LookupError):
        a_run_that_fails()
    assert state() == before


def test_what_a_subject_sets_is_undone_when_it_raises_as_well():
    before = state()

    def sets_and_raises():
        sets_everything()
        raise SystemExit(0)

    with pytest.raises(SubjectError, match="the subject raised SystemExit: 0"):
        guarded(sets_and_raises)
    assert state() == before


def test_the_callers_settings_do_not_reach_the_subject():
    """Neither `-W error` nor np.seterr(all="raise") of the caller decides what a subject computes."""

    def overflows():
        warnings.warn("a word of the subject", UserWarning, stacklevel=1)
        return float(np.exp(np.array([1e4]))[0])

    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="a word"):
            overflows()  # the twin: without the guard the warning is an error
        assert guarded(overflows) == np.inf


def test_each_warning_is_printed_once_in_a_process(capsys):
    def warns():
        warnings.warn("said once", UserWarning, stacklevel=1)
        warnings.warn("never said", DeprecationWarning, stacklevel=1)

    for _ in range(3):
        guarded(warns)
    printed = capsys.readouterr().err
    assert printed.count("UserWarning: said once") == 1
    assert "never said" not in printed


@pytest.mark.parametrize("name", ["right", "without_slope", "not_a_number", "raising"])
def test_the_report_does_not_depend_on_the_callers_settings(name):
    """The whole check, and not the subject alone: the judge meets NaN and infinity too."""
    subject, cases = getattr(kit_subjects, name), [get_case("tanh-binary"), get_case("sigmoid-binary", "float32")]
    expected = check(subject, cases, autograd=False).report
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check(subject, cases, autograd=False).report == expected


@needs_torch
def test_what_a_subject_sets_for_torch_is_undone():
    import torch

    def settings():
        return (
            torch.get_default_dtype(),
            torch.get_num_threads(),
            torch.is_grad_enabled(),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_rng_state().tolist(),
        )

    def sets_torch():
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(5)
        return settings()

    before = settings()
    changed = guarded(sets_torch)
    assert settings() == before
    assert all(one != other for one, other in zip(changed, before, strict=True))  # the twin: each was really set


def test_the_guard_itself_imports_no_torch():
    code = "import sys; from backproof.guarded import guarded; guarded(dict); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


class UnreadableError(Exception):
    def __str__(self):
        raise ValueError


RAISED = [
    (SystemExit(3), "the subject raised SystemExit: 3"),
    (KeyboardInterrupt("mine"), "the subject raised KeyboardInterrupt: mine"),
    (GeneratorExit(), "the subject raised GeneratorExit"),
    (pytest.skip.Exception("not today"), "the subject raised Skipped: not today"),
    (UnreadableError(), "the subject raised UnreadableError: (its text cannot be read)"),
]


@pytest.mark.parametrize(("error", "message"), RAISED, ids=[type(error).__name__ for error, _ in RAISED])
def test_whatever_a_subject_raises_is_its_own_error_with_its_place(error, message):
    """A KeyboardInterrupt without a Ctrl-C is the subject's, and pytest.skip() inside it skips nothing."""

    def raises():
        raise error

    with pytest.raises(SubjectError) as told:
        guarded(raises)
    assert message in str(told.value)
    assert "(in raises, " in str(told.value)


def test_an_error_of_the_answer_is_told_as_it_is():
    def nonsense():
        msg = "no mapping came"
        raise ObservationError(msg)

    with pytest.raises(ObservationError, match=r"^no mapping came$"):
        guarded(nonsense)


def interrupts():
    os.kill(os.getpid(), signal.SIGINT)
    return sum(range(10))


def swallows():
    with contextlib.suppress(BaseException):
        interrupts()
    return 1


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process on Windows: there is no SIGINT to send")
@pytest.mark.parametrize("subject", [interrupts, swallows])
def test_a_real_interrupt_is_the_users_even_if_the_subject_swallows_it(subject):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            guarded(subject)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process on Windows: there is no SIGINT to send")
def test_an_interrupt_that_is_ignored_interrupts_nothing():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert guarded(interrupts) == 45
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process on Windows: there is no SIGINT to send")
def test_a_handler_that_does_not_interrupt_is_obeyed():
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        assert guarded(interrupts) == 45
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_in_another_thread_no_handler_is_touched_and_an_interrupt_is_the_subjects():
    told = []

    def raises():
        raise KeyboardInterrupt

    def work():
        try:
            guarded(raises)
        except SubjectError as error:
            told.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "the subject raised KeyboardInterrupt" in told[0]


def test_the_place_that_is_told_is_in_the_subjects_own_code():
    def shapes_that_do_not_fit():
        return np.linalg.solve(np.ones((2, 3)), np.ones(2))

    with pytest.raises(SubjectError, match=r"\(in shapes_that_do_not_fit, .*test_kit_guarded\.py:\d+\)$"):
        guarded(shapes_that_do_not_fit)


def test_no_place_of_the_kit_is_told_where_the_subjects_code_was_not_reached():
    def none_wanted():
        return 1

    (error,) = check(none_wanted, [get_case("tanh-binary")], autograd=False).report["errors"]
    assert error["message"].endswith("none_wanted() takes 0 positional arguments but 1 was given")
