"""A subject behind a pipe: a command that speaks `backproof/1`, started when needed, restarted when it crashes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from backproof.case import Case
from backproof.door import FLAGS, Subject
from backproof.errors import CrashError, SkipError, UsageError, WireError
from backproof.wire import messages
from backproof.wire.cases import answer_limit
from backproof.wire.complaint import refuse
from backproof.wire.files import request_files
from backproof.wire.messages import BASE64, FEATURES, NPY, Answer, Hello
from backproof.wire.process import Program, split_command

TIMEOUT = 30.0
GRACE = 2.0
HELLO_LIMIT = 2**20
FAILURES = 3
EXIT_USAGE = 2

Feature = tuple[str, str]


class Session:
    """The conversation with one program: its declarations, the ids, the skips, and what happens when it fails.

    words: the command; timeout: seconds for each request; memory: bytes of address space, or None; grace: seconds to
    leave after bye. The first Hello is read at once.

    Raises WireError when the program does not say a valid hello.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        timeout: float = TIMEOUT,
        memory: int | None = None,
        grace: float = GRACE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._words, self._timeout, self._memory, self._grace = tuple(words), timeout, memory, grace
        self._environment = environment
        self._program: Program | None = None
        self._number = 0
        self._failures = 0
        self._skipped: dict[Feature, str] = {}
        self._answered: dict[Feature, str] = {}
        self._mended: list[str] = []
        self.hello: Hello = self._start()

    def run(self, case: Case) -> Any:
        """Return the result that the program shows for a case.

        A program that crashes is started afresh and asked once more; a second crash is an error of this case.
        Raises SkipError when the program skips the case, WireError when it breaks the protocol.
        """
        if self._failures >= FAILURES:
            msg = (
                f"not asked: the program failed in {FAILURES} cases one after another, and is not started again; "
                "see the errors of those cases"
            )
            raise WireError(msg)
        try:
            answer = self._persistently(case)
        except WireError:
            self._failures += 1
            raise
        self._failures = 0
        return self._judged(case, answer)

    def _persistently(self, case: Case) -> Answer:
        try:
            return self._asked(case)
        except CrashError as first:
            print(f"backproof: {first}; it is started afresh and asked once more", file=sys.stderr)
            crash = str(first)
        try:
            answer = self._asked(case)
        except CrashError as again:
            msg = f"{again}\n    (the same happened before, and it was started afresh)"
            raise CrashError(msg) from again
        self._mended.append(crash)
        return answer

    def close(self) -> bool:
        """Say bye, end what remains, and return whether the program left by itself. It may be run again."""
        program, self._program = self._program, None
        return program is None or program.leave(messages.bye(), self._grace)

    def told(self) -> tuple[str, ...]:
        """Return the note on the crashes that did not come again, of the cases since it was asked before."""
        mended, self._mended = self._mended, []
        if not mended:
            return ()
        times = "once" if len(mended) == 1 else f"{len(mended)} times"
        return (f"The program crashed {times} and answered when it was started afresh; the first time: {mended[0]}.",)

    def _asked(self, case: Case) -> Answer:
        program = self._running()
        self._number += 1
        packed, limit = BASE64 in self.hello.capabilities, answer_limit(case)
        what = f"run {self._number} ({case.slug})"
        with request_files(limit) if NPY in self.hello.capabilities else nullcontext() as files:
            line = messages.run(self._number, case, packed=packed, files=files)
            try:
                program.settle(f"before {what}")
                said = program.exchange(line, seconds=self._timeout, limit=limit, what=what)
                answer = messages.read_answer(said, self._number, packed=packed, files=files)
                program.settle(f"after the answer to {what}")
            except BaseException:  # what it says next could belong to this request: it is started afresh
                self._stop()
                raise
        return answer

    def _judged(self, case: Case, answer: Answer) -> Any:
        features = _features(case)
        if answer.error is not None:
            msg = f"the program answered with an error: {answer.error}"
            raise WireError(msg)
        if answer.skipped is None:
            for feature in features:
                if feature in self._skipped:
                    told = f"{' '.join(feature)} was skipped in {self._skipped[feature]}"
                    refuse("answer", "skipped", "a result", f"{told}: a feature is skipped in every case or in none")
                self._answered.setdefault(feature, case.slug)
            return answer.result
        if answer.skipped not in features:
            names = ", ".join(f"{kind} {name}" for kind, name in features)
            came = " ".join(answer.skipped)
            refuse("answer: field skipped", f"one feature of this case ({names})", came, "name what is not done")
        if answer.skipped in self._answered:
            told = f"{' '.join(answer.skipped)} was answered in {self._answered[answer.skipped]}"
            refuse("answer", "a result", "skipped", f"{told}: a feature is skipped in every case or in none")
        self._skipped.setdefault(answer.skipped, case.slug)
        msg = f"{' '.join(answer.skipped)}: skipped by its answer"
        raise SkipError(msg)

    def _running(self) -> Program:
        if self._program is None:
            again = self._start()
            if again.subject != replace(self.hello.subject, run=again.subject.run):
                self._stop()
                refuse("hello", "the declarations of the first start", "others", "declare the same at every start")
        assert self._program is not None  # noqa: S101 - it was started above
        return self._program

    def _start(self) -> Hello:
        program = self._program = Program(self._words, memory=self._memory, environment=self._environment)
        try:
            said = program.exchange(messages.hello(), seconds=self._timeout, limit=HELLO_LIMIT, what="hello")
            found = messages.read_hello(said)
            program.settle("after the answer to hello")
        except BaseException:
            self._stop()
            raise
        return found

    def _stop(self) -> None:
        if self._program is not None:
            self._program.kill()
            self._program = None


def _features(case: Case) -> list[Feature]:
    values = (
        sorted({layer.activation.name for layer in case.layers}),
        [case.loss],
        [case.dtype],
        [flag for flag in case.flags if flag in FLAGS],
    )
    return [(kind, name) for kind, names in zip(FEATURES, values, strict=True) for name in names]


def command_subject(
    command: str | Sequence[str], *, timeout: float = TIMEOUT, memory: int | None = None, grace: float = GRACE
) -> Subject:
    """Return the subject that a command is; use it as a context manager, or close it.

    command: the program with its arguments, read without a shell, or its words; timeout: seconds for each request;
    memory: bytes of address space, or None; grace: seconds to leave after bye.

    Raises UsageError when there is no such program, WireError when it does not say a valid hello.
    """
    words = split_command(command) if isinstance(command, str) else list(command)
    return _subject(Session(words, timeout=timeout, memory=memory, grace=grace))


def isolated_subject(
    target: str, *, device: str = "cpu", timeout: float = TIMEOUT, memory: int | None = None
) -> Subject:
    """Return a Python target as a subject that runs in a child process, through the wire.

    The arguments are those of load_subject and command_subject.
    Raises UsageError when nothing has that name, WireError when its code fails while it is imported.
    """
    words = [sys.executable, "-P", "-m", "backproof.wire.adapter", target, device]
    searched = os.pathsep.join(entry for entry in sys.path if entry)  # the child finds the modules that we find
    try:
        session = Session(words, timeout=timeout, memory=memory, environment={**os.environ, "PYTHONPATH": searched})
    except CrashError as error:
        if error.status == EXIT_USAGE:
            raise UsageError(error.last) from error
        raise
    return _subject(session)


def _subject(session: Session) -> Subject:
    def close() -> None:
        session.close()

    return replace(session.hello.subject, run=session.run, close=close, told=session.told)
