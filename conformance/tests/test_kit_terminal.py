"""The screen as a person meets it: progress and colour on a terminal, none when asked, and a hint at the start."""

import os
import pty
import select
import subprocess

import pytest
from kit_commands import BACKPROOF, ENVIRONMENT, SUBJECTS, run

ONE = ("--case", "tanh-binary", "--dtype", "float64", "--no-autograd")
COLOUR = ("\x1b[31m", "\x1b[1;31m", "\x1b[32m", "\x1b[35m")
HINT = "It declares neither activations nor losses nor skips"


def on_a_terminal(*words, **environment):
    """Run a command whose two streams are a terminal 100 columns wide; return its status and what is shown."""
    ours, theirs = pty.openpty()
    env = {**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "100", **environment}
    process = subprocess.Popen([*BACKPROOF, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    shown = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        assert ready, "nothing was shown for a minute"
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    return process.wait(), shown.decode()


@pytest.fixture(scope="module")
def plain():
    return on_a_terminal("check", f"{SUBJECTS}:one_wrong", *ONE)


def test_a_terminal_gets_colour_progress_with_counts_and_the_time_left(plain):
    status, shown = plain
    assert status == 1
    assert any(code in shown for code in COLOUR)
    assert "judging one_wrong" in shown
    assert "0/1" in shown
    assert "-:--:--" in shown or "0:00:0" in shown


def test_lines_are_as_wide_as_the_terminal(plain):
    last = plain[1].rpartition("first deviation")[2]
    told = [line for line in last.splitlines() if "reproduce:" not in line]
    assert max(map(len, told)) <= 100 + len("\x1b[1;31m\x1b[0m")
    assert len(told) > 8


@pytest.mark.parametrize(
    ("words", "environment"), [(("--no-color",), {}), ((), {"NO_COLOR": "1"})], ids=["option", "env"]
)
def test_without_colour_there_is_none_not_even_in_the_progress(words, environment):
    status, shown = on_a_terminal("check", f"{SUBJECTS}:one_wrong", *ONE, *words, **environment)
    assert status == 1
    assert not any(code in shown for code in COLOUR)
    assert "\x1b[38" not in shown
    assert "judging one_wrong" in shown


def test_quiet_is_one_line_without_progress():
    status, shown = on_a_terminal("check", f"{SUBJECTS}:one_wrong", *ONE, "--quiet")
    assert status == 1
    assert "judging" not in shown
    assert "one_wrong: " in shown.splitlines()[0]


def written(folder, decorator=""):
    answer = "{'activations': [case.y for _ in case.layers]}"
    text = f"import backproof\n\n{decorator}\ndef net(case):\n    return {answer}\n"
    (folder / "net.py").write_text(text, encoding="utf-8")
    return f"{folder / 'net.py'}:net"


def test_who_declares_nothing_and_deviates_is_told_that_everything_is_asked(tmp_path):
    assert HINT in run("check", written(tmp_path), *ONE).stdout
    assert HINT not in run("check", written(tmp_path, "@backproof.subject(losses=['log'])"), *ONE).stdout


def test_who_conforms_is_not_told_so():
    assert HINT not in run("check", "numpy", *ONE).stdout
