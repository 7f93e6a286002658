"""Running `python -m backproof` as its users do, for the tests of the command line."""

import json
import os
import subprocess
import sys

from kit_subjects import HERE

BACKPROOF = [sys.executable, "-m", "backproof"]
SUBJECTS = str(HERE)
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")},
    "PYTHONPATH": os.pathsep.join([str(HERE.parent), *(entry for entry in sys.path if entry)]),
}


def run(*words, cwd=None, **options):
    """Return the completed command; text of both streams."""
    options = {"capture_output": True, "text": True} | options
    return subprocess.run([*BACKPROOF, *words], check=False, env=ENVIRONMENT, cwd=cwd, **options)


def check(name, *words, **options):
    """Judge one of the subjects of kit_subjects, or FILE.py:NAME, without autograd."""
    target = name if ":" in name else f"{SUBJECTS}:{name}"
    return run("check", target, "--no-autograd", *words, **options)


def check_json(name, *words, **options):
    """Return the exit status and the report that standard output carries."""
    done = check(name, *words, "--json", "-", **options)
    return done.returncode, json.loads(done.stdout)
