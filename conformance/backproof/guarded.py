"""Calling a subject's code in this process: whatever it sets globally is undone, whatever it raises is its own error.

Undone: NumPy's error handling, warnings filters, the seeds of `random`, NumPy and torch, torch's default dtype, number
of threads, gradient mode and deterministic flags (torch: where it was imported before the call, and on the CPU).
The caller's own settings do not reach the subject: it runs with NumPy's default error handling, and a warning is never
an error. A KeyboardInterrupt is the user's when a SIGINT came (a signal handler notices it), else the subject's own;
away from the main thread, and where SIGINT has no Python handler, it is always the subject's.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from traceback import extract_tb
from types import FrameType
from typing import Any, TypeVar

import numpy as np

from backproof.errors import SubjectError

Result = TypeVar("Result")

KIT = f"{Path(__file__).parent}{os.sep}"

_KEEPING: ContextVar[bool] = ContextVar("keeping", default=False)

QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)  # as Python itself


def guarded(call: Callable[[], Result], seed: int = 0) -> Result:
    """Call a subject's code and return what it answers; what it prints goes to standard error.

    seed: of the global random numbers: runs are alike, and calls that ought to agree do so with other numbers.
    Raises SubjectError for whatever it raises, SystemExit included, and KeyboardInterrupt for the user's own Ctrl-C.
    """
    with ExitStack() as stack:
        interrupted = stack.enter_context(_watched_interrupts())
        stack.enter_context(redirect_stdout(sys.stderr))
        stack.enter_context(np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"))
        stack.enter_context(own_warnings())
        stack.enter_context(_seeded(seed))
        stack.enter_context(_kept_torch(seed))
        try:
            answered = call()
        except BaseException as error:  # SystemExit, a test framework's own outcomes, and the like
            if interrupted:
                raise KeyboardInterrupt from error
            if isinstance(error, SubjectError):
                raise
            msg = f"the subject raised {type(error).__name__}: {_text(error)}{where(error)}"
            raise SubjectError(msg) from error
        if interrupted:  # and swallowed
            raise KeyboardInterrupt
    return answered


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the error's own code runs here, and may raise anything
        return "(its text cannot be read)"


def where(error: BaseException) -> str:
    """Return the place of the subject's own code that an error came from, in brackets; nothing where none is known.

    That is the last frame which is neither the kit's nor an installed package's, else the last that is not the kit's.
    """
    frames = [frame for frame in extract_tb(error.__traceback__) if not frame.filename.startswith((KIT, "<frozen"))]
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f" (in {own[-1].name}, {own[-1].filename}:{own[-1].lineno})" if own else ""


@contextmanager
def _watched_interrupts() -> Iterator[list[int]]:
    """Note each SIGINT that interrupts: the handler that was there before decides whether it does."""
    arrived: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield arrived
        return
    handler = before

    def note(number: int, frame: FrameType | None) -> None:
        try:
            handler(number, frame)
        except KeyboardInterrupt:
            arrived.append(number)
            raise

    signal.signal(signal.SIGINT, note)
    try:
        yield arrived
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def own_warnings() -> Iterator[None]:
    """Print each warning once, as Python does by default, whatever the caller's filters are."""
    heard: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.resetwarnings()
            warnings.simplefilter("default")
            for category in QUIET:
                warnings.simplefilter("ignore", category)
            yield
    finally:
        for item in heard:
            text = _text(item.message) if isinstance(item.message, Warning) else item.message
            _print_once(warnings.formatwarning(text, item.category, item.filename, item.lineno))


@cache
def _print_once(text: str) -> None:
    print(text, end="", file=sys.stderr)


@contextmanager
def kept_seeds() -> Iterator[None]:
    """Restore the global random numbers of `random` and NumPy at the end; nested, the outermost does.

    To keep them takes longer than many a call of a subject, so that a run of many calls keeps them once.
    """
    if _KEEPING.get():
        yield
        return
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global generator is what subjects use
    keeping = _KEEPING.set(True)
    try:
        yield
    finally:
        _KEEPING.reset(keeping)
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with kept_seeds():
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        yield


@contextmanager
def _kept_torch(seed: int) -> Iterator[None]:
    """Keep torch's global settings, if torch is there; nothing here imports it."""
    torch: Any = sys.modules.get("torch")
    if not hasattr(torch, "get_rng_state"):  # absent, or imported by half
        yield
        return
    state, dtype, threads = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads()
    gradients, strict = torch.is_grad_enabled(), torch.are_deterministic_algorithms_enabled()
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    _seed_torch(torch, seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_grad_enabled(gradients)
        now = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
        if now != (strict, only_warns):  # the call imports torch's compiler, which takes longer than torch itself
            torch.use_deterministic_algorithms(strict, warn_only=only_warns)


def _seed_torch(torch: Any, seed: int) -> None:
    """Seed torch's random numbers on every device; on the CPU alone where there is no other.

    `torch.manual_seed` keeps a formatted stack for each kind of device that may yet come: a millisecond a call.
    """
    if hasattr(torch, "accelerator") and not torch.accelerator.is_available():
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)
