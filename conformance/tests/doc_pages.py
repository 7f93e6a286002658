"""The one mechanism that keeps pages true: every fenced block is marked, and what is marked is played in order.

A marker is a comment right before the block:

    file: NAME         the block is the content of a file
    change: NAME       the block is a diff of that file, and the file is changed so
    run: 0             every line is a command; the last one exits with this status
    run: 1: some text  likewise, and prints this text
    output             all that the last command printed on standard output
    output: end        the end of it
    json: NAME         the block is valid against the schema NAME.json that ships
    not run: REASON    nobody can run it here, for this reason

Blocks of the language pycon need no marker: they are examples of doctest, which share their names within a page.
"""

from __future__ import annotations

import doctest
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kit_commands import ENVIRONMENT
from screen_text import steady

ROOT = Path(__file__).parents[2]
MARKER = r"(?:^<!-- (\w[\w ]*?)(?:: (.*?))? -->\n)?"
FENCE = r"^(`{3,})(\{?\w*\}?)[^\n]*\n(.*?)^\3$"
BLOCK = re.compile(MARKER + FENCE, re.MULTILINE | re.DOTALL)
OURS = {"backproof": ["-m", "backproof"], "pytest": ["-m", "pytest", "-p", "no:cacheprovider"], "python": []}
KINDS = {"file", "change", "run", "output", "json", "not run"}


@dataclass(frozen=True)
class Block:
    """One fenced block: what its marker says, its language, its text, and the line that it starts at."""

    kind: str
    said: str
    language: str
    text: str
    line: int


def blocks(page):
    """Return the fenced blocks of a page's text, directives of Sphinx aside."""
    return [
        Block(found[1] or "", found[2] or "", found[4], found[5], page.count("\n", 0, found.start()) + 1)
        for found in BLOCK.finditer(page)
        if not found[4].startswith("{")
    ]


def block(page, kind, said):
    """Return the text of the one block with this marker."""
    (found,) = [b.text for b in blocks(page) if (b.kind, b.said) == (kind, said)]
    return found


def unmarked(page, elsewhere=()):
    """Return the lines of the blocks that nothing runs; elsewhere: markers that a test of the page looks after."""
    known = KINDS | set(elsewhere)
    return [
        b.line
        for b in blocks(page)
        if (b.kind not in known and b.language != "pycon") or (b.kind == "not run" and not b.said)
    ]


def changed(code, diff):
    """Return the code with a diff of the page applied."""
    old = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line[:1] in (" ", "-"))
    new = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line[:1] in (" ", "+"))
    assert code.count(old) == 1, f"the diff fits {code.count(old)} times:\n{diff}"
    return code.replace(old, new)


def comparable(text):
    """Return what is printed without what differs between installations: rounding, and counts that autograd adds to.

    How many consequences of a deviation are no larger than rounding differs between processors and Pythons.
    """
    text = re.sub(r"\d+ (passed|downstream)", r"… \1", steady(text))
    if importlib.util.find_spec("torch") is not None:
        return text
    return re.sub(r"\d+ (checks|reduced|vacuous|deviated)", r"\1", text)


@dataclass
class Story:
    """A page, played block by block in a folder."""

    folder: Path
    printed: str = ""
    names: dict[str, object] = field(default_factory=dict)

    def play(self, page):
        """Play every block; an AssertionError says the line of the page and what came instead."""
        for one in blocks(page):
            try:
                self.step(one)
            except AssertionError as error:
                msg = f"line {one.line}: {error}"
                raise AssertionError(msg) from error

    def step(self, one):
        """Play one block."""
        if one.kind == "file":
            path = self.folder / one.said
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one.text, encoding="utf-8")
        elif one.kind == "change":
            path = self.folder / one.said
            path.write_text(changed(path.read_text(encoding="utf-8"), one.text), encoding="utf-8")
        elif one.kind == "run":
            self.run(one)
        elif one.kind == "output":
            printed, wanted = comparable(self.printed), comparable(one.text)
            fits = printed.endswith(wanted) if one.said == "end" else printed == wanted
            assert fits, f"the page says\n{wanted}\nand this is printed:\n{printed}"
        elif one.language == "pycon":
            self.examples(one)

    def run(self, one):
        """Run the commands of a block; its last one has the status that the marker says."""
        status, _, text = one.said.partition(": ")
        lines = [line for line in one.text.splitlines() if line and not line.startswith("#")]
        for number, line in enumerate(lines, 1):
            done = subprocess.run(
                command(line.partition("  #")[0]),
                cwd=self.folder,
                env={name: value for name, value in ENVIRONMENT.items() if not name.startswith("PYTEST_")},
                check=False,
                capture_output=True,
                text=True,
            )
            wanted = int(status) if number == len(lines) else 0
            assert done.returncode == wanted, f"{line}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            self.printed = done.stdout
        assert text in self.printed, f"{text!r} is not printed:\n{self.printed}"

    def examples(self, one):
        """Run the examples of a block, with the names of those before."""
        test = doctest.DocTestParser().get_doctest(one.text, self.names, "page", "page", one.line)
        test.globs = self.names  # the runner's own copy would forget what a block defines
        told = []
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=told.append, clear_globs=False)
        assert not told, "".join(told)


def command(line):
    """Return the words of a command line, ours run by this interpreter; skip where its program is not installed."""
    words = shlex.split(line)
    if words[0] in OURS:
        return [sys.executable, *OURS[words[0]], *words[1:]]
    if shutil.which(words[0]) is None and not words[0].startswith("./"):
        pytest.skip(f"{words[0]} is not installed: the commands of the page cannot run")
    return words
