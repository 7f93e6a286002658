"""What the tests of the skeletons share: writing one as the command does, making it ready, and a bug for each."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from kit_commands import run
from wire_tools import require, tool

from backproof.cli.new_command import SKELETONS

# language: the tools it needs, the line of the delta rule, and what f' is there.
LANGUAGES = {
    "python": (("python3",), "[[r({} * v) for s, v in", "s"),
    "javascript": (("node",), "map2((s, v) => r({} * v),", "s"),
    "c": (("cc",), "*delta = r({} * back);", "slope(la->f, a)"),
    "java": (("javac", "java"), "(s, i) -> {} // times W^T delta", "slope(name[l], a[l][s][i])"),
    "r": (("Rscript",), "r({} * (deltas[[l + 1]] %*% w[[l + 1]]))", "slope[[l]]"),
}


def ready(language, folder):
    """Write the skeleton as the command does, make it ready as the command says, and return the command."""
    for name in LANGUAGES[language][0]:
        tool(name)
    if language == "c":
        require("libcjson-dev", Path("/usr/include/cjson/cJSON.h").exists())
    if language == "java":
        require("libgoogle-gson-java", Path("/usr/share/java/gson.jar").exists())
    if language == "r":
        asked = ["Rscript", "--vanilla", "-e", "library(jsonlite)"]
        require("r-cran-jsonlite", subprocess.run(asked, capture_output=True, check=False).returncode == 0)
    if not folder.exists():
        done = run("new", language, str(folder))
        assert done.returncode == 0, done.stderr
    return made(language, folder)


def made(language, folder):
    _, prepare, command = SKELETONS[language]
    if prepare is not None:
        done = subprocess.run(shlex.split(prepare), cwd=folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    return command


def bug(language, folder, instead="1"):
    """Put the bug into a skeleton that was written to a folder: another factor where f' is in the delta rule."""
    _, line, right = LANGUAGES[language]
    path = folder / SKELETONS[language][0]
    text = path.read_text(encoding="utf-8")
    assert text.count(line.format(right)) == 1
    path.write_text(text.replace(line.format(right), line.format(instead)), encoding="utf-8")
