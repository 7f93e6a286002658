"""A program behind pipes: started without a shell, in a session of its own, with limits on time, memory and bytes.

Everything is read and written by one loop (`selectors`), so that neither a full pipe nor a silent program can hold it
up. Tested on Linux: the end of the program is watched through a process file descriptor (`os.pidfd_open`), and a keeper
(`wire/keeper.py`) between the kit and the program ends all that the program started.
"""

from __future__ import annotations

import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import NoReturn

from backproof.errors import CrashError, UsageError
from backproof.wire.complaint import printable, refuse, shown

KEPT = 4096
CHUNK = 65536
SHOWN_LINES = 5
ERROR = re.compile("error:|exception", re.IGNORECASE)  # what went wrong, where lines of another kind follow
SETTLE = 1.0
LAST = 10.0

KEEPER = Path(__file__).with_name("keeper.py")


def split_command(command: str) -> list[str]:
    """Return the words of a command, quotes obeyed; no shell reads it.

    Raises UsageError when it is empty, its quotes do not close, or its first word is no program.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        msg = f'--command {command!r}: {error}; expected a program with its arguments, as in "node my_net.mjs"'
        raise UsageError(msg) from error
    if not words:
        msg = '--command: expected a program with its arguments, as in "node my_net.mjs"; nothing came'
        raise UsageError(msg)
    if shutil.which(words[0]) is None:
        msg = f"--command {command!r}: no program {words[0]!r} is found; give its path, or install it"
        raise UsageError(msg)
    return words


class Program:
    """A running program that answers lines with lines.

    words: the program and its arguments; memory: bytes of address space, or None; environment: None for our own.
    """

    def __init__(
        self, words: Sequence[str], *, memory: int | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        if not hasattr(os, "pidfd_open"):
            msg = f"a subject in a process of its own needs Linux (os.pidfd_open); this is {sys.platform}"
            raise UsageError(msg)
        ours, life = os.pipe()  # it closes with us, whatever ends us
        self._process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
            [sys.executable, "-I", "-S", str(KEEPER), str(ours), str(memory or 0), *words],
            pass_fds=(ours,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=environment,
        )
        os.close(ours)
        self._memory = memory
        self._out = bytearray()
        self._scanned = 0
        self._err = b""
        self._ended = False
        self._pid_file = os.pidfd_open(self._process.pid)
        self._end = weakref.finalize(self, _kill, self._process, self._pid_file, life)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None  # noqa: S101 - three pipes were asked for
            os.set_blocking(stream.fileno(), False)
        self._input, self._output, self._error = (
            stream.fileno()
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr)
            if stream is not None
        )
        self._open = {self._output, self._error}

    @property
    def pid(self) -> int:
        """The process id of the keeper."""
        return self._process.pid

    @property
    def errors(self) -> str:
        """The last of what the program wrote on standard error."""
        return self._err.decode("utf-8", "replace")

    def told(self) -> str:
        """Return the last lines of standard error as the end of a message, or nothing."""
        lines = [printable(line.rstrip())[:200] for line in self.errors.splitlines() if line.strip()]
        if not lines:
            return ""
        ends, before = lines[-SHOWN_LINES:], lines[:-SHOWN_LINES]
        named = [] if any(ERROR.search(line) for line in ends) else [line for line in before if ERROR.search(line)][-1:]
        return "; its standard error ends:\n    " + "\n    ".join([*named, *ends])

    def exchange(self, line: bytes, *, seconds: float, limit: int, what: str) -> bytes:
        """Send a line and return the line that answers it.

        seconds: the time limit; limit: the most bytes of an answer; what: the request, for messages.
        What the program said before it was asked is read as its answer; `settle` refuses what it says beside it.
        Raises CrashError when the program ends before it answers, WireError when it is late or says too much.
        """
        pending, deadline = memoryview(line), monotonic() + seconds
        while True:
            found = self._take_line(limit, what)
            if found is not None:
                return found
            if self._ended or self._output not in self._open:
                raise self._crash(what)
            left = deadline - monotonic()
            if left <= 0:
                self._refuse_late(what, seconds)
            pending = self._pump(left, limit, pending)

    @property
    def said(self) -> str:
        """What stands on standard output and was not taken, as a message shows it; empty if there is nothing."""
        return shown(self._out) if self._out else ""

    def ended_within(self, seconds: float) -> bool:
        """Wait so long, reading what comes, and return whether the program has ended meanwhile."""
        deadline = monotonic() + seconds
        while not self._ended and (left := deadline - monotonic()) > 0 and len(self._out) < CHUNK:
            self._pump(left, CHUNK)
        return self._ended

    def obituary(self, what: str) -> str:
        """Return how the program ended before it answered."""
        return str(self._crash(what))

    def _pump(self, seconds: float, limit: int, pending: memoryview | None = None) -> memoryview:
        """Wait for one event at most so long; write, read, and notice the end. Returns what is still to be written."""
        pending = memoryview(b"") if pending is None else pending
        with selectors.DefaultSelector() as watched:
            for stream in self._open:
                watched.register(stream, selectors.EVENT_READ)
            if pending:
                watched.register(self._input, selectors.EVENT_WRITE)
            if not self._ended:
                watched.register(self._pid_file, selectors.EVENT_READ)
            ready = {key.fd for key, _ in watched.select(seconds)}
        if self._pid_file in ready:
            self._ended = True
            self._drain(limit)
            return memoryview(b"")
        if self._input in ready:
            try:
                pending = pending[os.write(self._input, pending[:CHUNK]) :]
            except BlockingIOError:
                pass
            except OSError:  # it reads no more: what it said, or its end, is the answer
                pending = memoryview(b"")
        for stream in ready & self._open:
            self._read(stream)
        return pending

    def _read(self, stream: int) -> bool:
        """Read what is there, and return whether there was something."""
        try:
            chunk = os.read(stream, CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self._open.discard(stream)
        elif stream == self._output:
            self._out += chunk
        else:
            self._err = (self._err + chunk)[-KEPT:]
        return bool(chunk)

    def _drain(self, limit: int) -> None:
        """Read what an ended program left in its pipes; a child that it left behind may write there for ever."""
        deadline = monotonic() + SETTLE
        for stream in (self._error, self._output):
            while stream in self._open and len(self._out) <= limit and monotonic() < deadline and self._read(stream):
                pass

    def _take_line(self, limit: int, what: str) -> bytes | None:
        end = self._out.find(b"\n", self._scanned)
        if (len(self._out) if end < 0 else end) > limit:
            advice = "show the quantities of this case, once, and end the line"
            refuse(f"answer to {what}", f"at most {limit} bytes on a line", "more", advice)
        if end < 0:
            self._scanned = len(self._out)
            return None
        line = bytes(self._out[:end])
        del self._out[: end + 1]
        self._scanned = 0
        return line

    def settle(self, when: str) -> None:
        """Raise WireError when the program said something that was not asked for."""
        if not self._ended and self._output in self._open:
            self._pump(0, CHUNK)
        if self._out:
            advice = "answer each request with one line, flush it, and print everything else on standard error"
            refuse(when, "nothing on standard output", shown(self._out), advice)

    def _crash(self, what: str) -> CrashError:
        deadline = monotonic() + SETTLE
        while not self._ended and monotonic() < deadline:
            self._pump(deadline - monotonic(), CHUNK)
        ended = self._ending()
        if self._out:
            whole = f", having printed {shown(self._out)} unasked,"
            half = f" in the middle of a line ({shown(self._out)}, without a newline)"
            ended += whole if b"\n" in self._out else half
        error = CrashError(f"the program {ended} before it answered {what}{self.told()}")
        error.status, error.last = self._status(), self.errors.strip().rpartition("\n")[2]
        return error

    def _refuse_late(self, what: str, seconds: float) -> NoReturn:
        said = f"half a line ({shown(self._out)}, without a newline)" if self._out else "nothing"
        expected = f"an answer within {seconds:g} s"
        advice = "see whether it hangs, end each answer with a newline and flush it, or raise --timeout"
        refuse(f"answer to {what}", expected, said, advice + self.told())

    def _status(self) -> int | None:
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        return found.si_status if found is not None and found.si_code == os.CLD_EXITED else None

    def _ending(self) -> str:
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        if found is None:
            return "closed its standard output"
        memory = "" if self._memory is None else f" (its memory limit is {self._memory} bytes of address space)"
        if found.si_code == os.CLD_EXITED:
            return f"ended with exit status {found.si_status}{memory}"
        return f"was ended by {signal.Signals(found.si_status).name}{memory}"

    def leave(self, line: bytes, grace: float) -> bool:
        """Say goodbye and return whether the program left by itself in time; then end whatever remains of it."""
        if self._end.alive:
            pending, deadline = memoryview(line), monotonic() + grace
            while not self._ended and monotonic() < deadline:
                pending = self._pump(max(0.0, deadline - monotonic()), CHUNK, pending)
                self._out.clear()
        left = self._ended
        self.kill()
        return left

    def kill(self) -> None:
        """End the program and everything that it started, now; may be called twice."""
        self._end()


def _kill(process: subprocess.Popen[bytes], pid_file: int, life: int) -> None:
    os.close(life)  # the keeper sees it, and ends everything before it ends itself
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    try:
        process.wait(LAST)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    os.close(pid_file)
