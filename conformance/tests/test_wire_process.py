"""A program behind pipes: its words, its limits, and lines longer than any pipe, in both directions at once."""

import os
import sys
import time
import uuid

import pytest
from wire_tools import alive, left_behind

from backproof.errors import CrashError, UsageError, WireError
from backproof.wire.process import KEPT, Program, split_command

ECHO = "import sys\nfor line in sys.stdin: sys.stdout.write(line); sys.stdout.flush()"


def program(code, **options):
    return Program([sys.executable, "-c", code, uuid.uuid4().hex], **options)


def ask(made, line=b"hello\n", seconds=10.0, limit=1000):
    return made.exchange(line, seconds=seconds, limit=limit, what="a test")


def test_a_command_is_split_as_a_shell_would_but_no_shell_reads_it():
    assert split_command("python3 'my net.py' --x \"a b\"") == ["python3", "my net.py", "--x", "a b"]
    assert split_command("python3 a; rm -rf $HOME") == ["python3", "a;", "rm", "-rf", "$HOME"]


@pytest.mark.parametrize("command", ["", "  ", "'open", "no-such-program-at-all x"])
def test_a_command_that_cannot_be_started_is_a_usage_error(command):
    with pytest.raises(UsageError, match="--command"):
        split_command(command)


def test_a_line_longer_than_every_pipe_goes_there_and_back():
    made = program(ECHO)
    line = b"x" * 3_000_000
    try:
        assert ask(made, line + b"\n", limit=len(line)) == line
    finally:
        made.kill()


def test_a_program_that_answers_before_it_has_read_everything_is_no_deadlock():
    made = program("import sys; sys.stdout.write('y' * 1_000_000 + '\\n'); sys.stdout.flush(); sys.stdin.read()")
    try:
        assert len(ask(made, b"x" * 1_000_000 + b"\n", limit=1_000_000)) == 1_000_000
    finally:
        made.kill()


def test_a_program_that_reads_nothing_is_stopped_at_the_time_limit():
    made = program("import time; time.sleep(100)")
    try:
        with pytest.raises(WireError, match=r"expected an answer within 0\.5 s; nothing came"):
            ask(made, b"x" * 1_000_000 + b"\n", seconds=0.5)
    finally:
        made.kill()


def test_a_line_one_byte_too_long_is_refused_and_one_that_fits_is_not():
    made = program(ECHO)
    try:
        assert ask(made, b"x" * 100 + b"\n", limit=100) == b"x" * 100
        with pytest.raises(WireError, match="expected at most 100 bytes on a line; more came"):
            ask(made, b"x" * 101 + b"\n", limit=100)
    finally:
        made.kill()


def test_the_end_of_standard_error_is_kept_and_no_more():
    code = "import sys\nfor n in range(100_000): print('line', n, file=sys.stderr)\nsys.exit(5)"
    made = program(code)
    try:
        with pytest.raises(CrashError, match="line 99999") as caught:
            ask(made)
        assert (caught.value.status, caught.value.last) == (5, "line 99999")
        assert len(made.errors) <= KEPT
        assert "line 99994" not in str(caught.value)
    finally:
        made.kill()


def test_the_line_that_names_the_error_is_shown_where_others_follow_it():
    """As node writes it: the message first, then its stack."""
    code = "import sys\nprint('Error: no such module', *'abcdef', sep='\\n', file=sys.stderr)\nsys.exit(1)"
    made = program(code)
    try:
        with pytest.raises(CrashError) as caught:
            ask(made)
        assert str(caught.value).splitlines()[1:] == [f"    {line}" for line in ["Error: no such module", *"bcdef"]]
    finally:
        made.kill()
    made = program("import sys\nprint(*'abcdefg', sep='\\n', file=sys.stderr)\nsys.exit(1)")
    try:
        with pytest.raises(CrashError) as caught:
            ask(made)
        assert str(caught.value).splitlines()[1:] == [f"    {line}" for line in "cdefg"]
    finally:
        made.kill()


def test_the_memory_limit_holds_in_the_program_and_in_its_children():
    code = "import resource, sys; print(resource.getrlimit(resource.RLIMIT_AS), flush=True); sys.stdin.read()"
    limited, free = program(code, memory=1 << 30), program(code)
    try:
        assert ask(limited) == b"(1073741824, 1073741824)"
        assert ask(free) != b"(1073741824, 1073741824)"
    finally:
        limited.kill()
        free.kill()


def test_a_program_has_a_session_of_its_own():
    made = program("import os, sys; print(os.getpid(), os.getsid(0), os.getpgid(0), flush=True); sys.stdin.read()")
    try:
        own, session, group = map(int, ask(made).split())
        assert own == session == group
        assert session not in (os.getsid(0), os.getsid(made.pid))
    finally:
        made.kill()


def within(seconds, holds):
    """Whether something holds at some time within a limit."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def test_a_program_that_is_forgotten_is_ended_with_its_object():
    token = uuid.uuid4().hex
    made = Program([sys.executable, "-c", "import time; time.sleep(100)", token])
    assert within(10, lambda: len(alive(token)) == 2), "it has its own command line only after it was started"
    del made
    assert left_behind(token) == []


def test_leaving_twice_and_killing_afterwards_is_harmless():
    made = program(ECHO.replace("sys.stdout.write(line)", "sys.exit()"))
    start = time.monotonic()
    assert made.leave(b"bye\n", 10.0)
    assert time.monotonic() - start < 5
    made.leave(b"bye\n", 10.0)
    made.kill()


def test_where_the_end_of_a_process_cannot_be_watched_it_is_said(monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    with pytest.raises(UsageError, match="needs Linux"):
        program(ECHO)
