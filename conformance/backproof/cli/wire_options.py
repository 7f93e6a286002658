"""The options of the any-language door: --command, --isolate, --timeout, --memory; the commands new and doctor."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backproof.errors import UsageError

if TYPE_CHECKING:  # --help must import nothing heavy
    from backproof.door import Subject

LANGUAGES = ("python", "javascript", "c", "java", "r")
TIMEOUT = 30.0
UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}
HELP = "a program that speaks backproof/1, in any language (docs/wire.md)"


def add_check_options(check: argparse.ArgumentParser) -> None:
    """Add to `check` what concerns a subject in a process of its own."""
    check.add_argument("--command", dest="program", metavar='"..."', help=f"judge {HELP}, in place of SUBJECT")
    check.add_argument("--isolate", action="store_true", help="run SUBJECT in a child process: it may crash or hang")
    _limits(check)


def add_matrix_options(matrix: argparse.ArgumentParser) -> None:
    """Add to `matrix` what concerns subjects in processes of their own."""
    matrix.add_argument("--isolate", action="store_true", help="run each subject in a child process of its own")
    _limits(matrix)


def add_commands(commands: Any) -> None:
    """Add `new` and `doctor`."""
    new = commands.add_parser("new", help="write a working adapter to start from")
    new.add_argument("language", choices=LANGUAGES)
    new.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where to (default: here)")
    new.add_argument("--no-color", action="store_true", help=argparse.SUPPRESS)
    doctor = commands.add_parser("doctor", help="check an adapter, step by step, before any mathematics is judged")
    doctor.add_argument("--command", dest="program", metavar='"..."', required=True, help=HELP)
    _limits(doctor)
    doctor.add_argument("--no-color", action="store_true", help="no colours (NO_COLOR does the same)")


def _limits(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout", type=float, metavar="S", help=f"seconds for each request to a child process (default: {TIMEOUT:g})"
    )
    command.add_argument("--memory", metavar="M", help="address space of the child process, as in 800M or 2G")


def seconds(options: argparse.Namespace) -> float:
    """Return the time limit. Raises UsageError unless it is positive."""
    if options.timeout is None:
        return TIMEOUT
    if not 0 < options.timeout < float("inf"):
        msg = f"--timeout {options.timeout:g}: expected a positive number of seconds"
        raise UsageError(msg)
    return float(options.timeout)


def memory_bytes(options: argparse.Namespace) -> int | None:
    """Return the memory limit in bytes. Raises UsageError unless it is a number with K, M, G or nothing behind it."""
    if options.memory is None:
        return None
    text = options.memory.upper().removesuffix("B")
    unit = UNITS.get(text[-1:], 1)
    digits = text[:-1] if text[-1:] in UNITS else text
    if not digits.isascii() or not digits.isdigit() or int(digits) == 0:
        msg = f"--memory {options.memory}: expected a positive whole number of bytes, or one with K, M or G, as in 2G"
        raise UsageError(msg)
    return int(digits) * unit


def in_child(options: argparse.Namespace) -> bool:
    """Return whether the subject runs in a process of its own. Raises UsageError where the options do not agree."""
    if (options.subject is None) == (options.program is None):
        came = "neither" if options.subject is None else f"both SUBJECT {options.subject} and --command"
        msg = f'check: required: SUBJECT or --command "...", exactly one of the two; {came} came'
        raise UsageError(msg)
    if options.program is not None and options.isolate:
        msg = "--isolate: a --command runs in a process of its own already; leave --isolate out"
        raise UsageError(msg)
    alone = options.program is not None or options.isolate
    if not alone:
        _refuse_limits(options)
    return alone


def _refuse_limits(options: argparse.Namespace) -> None:
    for name in ("timeout", "memory"):
        if getattr(options, name) is not None:
            msg = f"--{name}: SUBJECT runs in this process, without limits; add --isolate"
            raise UsageError(msg)


def matrix_loader(options: argparse.Namespace) -> Callable[[str], Subject]:
    """Return what makes the subjects of a matrix; a package that is a program already has a process of its own."""
    from backproof.loading import BUNDLED, load_subject  # noqa: PLC0415 - --help must stay quick
    from backproof.wire.subject import isolated_subject  # noqa: PLC0415

    if not options.isolate:
        _refuse_limits(options)
        return load_subject
    limits: dict[str, Any] = {"timeout": seconds(options), "memory": memory_bytes(options)}

    def load(target: str) -> Subject:
        program = target in BUNDLED and bool(BUNDLED[target].file)
        return load_subject(target) if program else isolated_subject(target, **limits)

    return load


def load_in_child(options: argparse.Namespace) -> Subject:
    """Return the subject of --command or --isolate, to be closed."""
    from backproof.wire.subject import command_subject, isolated_subject  # noqa: PLC0415 - --help must stay quick

    limits: dict[str, Any] = {"timeout": seconds(options), "memory": memory_bytes(options)}
    if options.program is not None:
        return command_subject(options.program, **limits)
    return isolated_subject(options.subject, device=options.device, **limits)


def named(options: argparse.Namespace) -> list[str]:
    """Return the words that name the subject on the command line, for the line that reproduces a finding."""
    words = [options.subject] if options.program is None else ["--command", options.program]
    words += ["--isolate"] if options.isolate else []
    words += [] if options.vectors is None else ["--vectors", *([options.vectors] if options.vectors else [])]
    for name in ("timeout", "memory"):
        given = getattr(options, name)
        words += [] if given is None else [f"--{name}", f"{given:g}" if isinstance(given, float) else given]
    return words
