"""The keeper of a program: a script that stands between the kit and the program, so that nothing is left behind.

    python -I -S keeper.py LIFE MEMORY PROGRAM [ARGUMENT ...]

LIFE: the reading end of a pipe that the kit holds open; MEMORY: bytes of address space of the program, 0 for no limit.
When the program ends, or LIFE closes (the kit is done, or has died), everything that the program started is ended, also
what has left its group and its session: under a child subreaper (Linux), orphans become children of the keeper. Then
the keeper ends as the program ended.
"""

import ctypes
import os
import resource
import select
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
NOT_STARTED = 127


def main(words: list[str]) -> None:
    """Run the program until it ends or the kit is done; never returns."""
    life, memory, program = int(words[0]), int(words[1]), words[2:]
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        os.setsid()  # what it does to its own group does nothing to the keeper
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _become(program, memory)
    for stream in (0, 1, 2):  # the pipes are the program's alone: their ends tell of it
        os.close(stream)
    watched = select.poll()
    watched.register(os.pidfd_open(child), select.POLLIN)
    watched.register(life, select.POLLHUP)
    watched.poll()
    _end_as(_end_all(child))


def _become(program: list[str], memory: int) -> None:
    if memory:  # on the address space, so that an allocation beyond it fails there
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        os.execvp(program[0], program)  # noqa: S606 - the user's own command, without a shell
    except OSError as error:
        os.write(2, f"{program[0]} cannot be started: {error.strerror}\n".encode())
        os._exit(NOT_STARTED)


def _end_all(child: int) -> int:
    """End every child until none is left, orphans as they come, and return the wait status of the first."""
    found = 0
    while True:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)  # not waited for yet: nobody else can have its number
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return found
        if pid == child:
            found = status


def _children() -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(folder.joinpath("stat").read_bytes().rpartition(b")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
        if parent == os.getpid():
            found.append(int(folder.name))
    return found


def _end_as(status: int) -> None:
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
