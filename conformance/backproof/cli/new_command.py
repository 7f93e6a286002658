"""`backproof new LANGUAGE [DIR]`."""

from __future__ import annotations

import argparse
from importlib.resources import files
from pathlib import Path

from backproof.cli.console import output
from backproof.errors import UsageError

# language: (file, how it is made ready, the command that runs it)
SKELETONS = {
    "python": ("my_net.py", None, "python3 my_net.py"),
    "javascript": ("my_net.mjs", None, "node my_net.mjs"),
    "c": ("my_net.c", "cc -O2 -o my_net my_net.c -lcjson -lm", "./my_net"),
    "java": (
        "MyNet.java",
        "javac -cp /usr/share/java/gson.jar MyNet.java",
        "java -cp .:/usr/share/java/gson.jar MyNet",
    ),
    "r": ("my_net.R", None, "Rscript --vanilla my_net.R"),
}
NEEDS = {
    "c": "it needs cJSON: apt install libcjson-dev",
    "java": "it needs Gson: apt install libgoogle-gson-java",
    "r": "it needs jsonlite: apt install r-cran-jsonlite",
}


def run(options: argparse.Namespace) -> int:
    """Write a working adapter, and say how it is judged. An existing file is never overwritten."""
    name, prepare, command = SKELETONS[options.language]
    folder = Path(options.folder)
    path = folder / name
    text = files("backproof.wire").joinpath("skeletons", name).read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        what = path if path.exists() else folder
        msg = f"new: {what} is there already, and is left as it is; name another folder, or move it away"
        raise UsageError(msg) from error
    except OSError as error:
        msg = f"new: {path} cannot be written: {error.strerror}; name another folder"
        raise UsageError(msg) from error
    console = output(options)
    there = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    lines = [f"wrote {path}: a working network; put your own code where it says YOURS"]
    lines += [NEEDS[options.language]] if options.language in NEEDS else []
    lines += [f"  {there}{prepare}"] if prepare else []
    lines += [f'  {there}backproof doctor --command "{command}"', f'  {there}backproof check --command "{command}"']
    for line in lines:
        console.print(line, markup=False, highlight=False)
    return 0
