"""What it takes to start: `backproof --help` and `backproof check numpy` against Python, NumPy and torch alone.

    python benchmarks/startup.py

Each command is a process of its own; interleaved rounds, processor time (user and system) of the whole process, which a
loaded machine disturbs less than the clock; medians of the ratios. Python may keep its bytecode, as it does for any
installed package, and a round that is not counted comes first.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys

PYTHON = sys.executable
ALONE = """
from backproof.catalogue import all_cases
from backproof.subjects.bundled_numpy import make_subject

subject = make_subject()
for case in all_cases():
    subject.run(case.under(subject.conventions).for_subject())
"""
COMMANDS = {
    "python -c pass": (PYTHON, "-c", "pass"),
    "import numpy": (PYTHON, "-c", "import numpy"),
    "import torch": (PYTHON, "-c", "import torch"),
    "backproof --help": (PYTHON, "-m", "backproof", "--help"),
    "backproof check numpy --no-autograd": (PYTHON, "-m", "backproof", "check", "numpy", "--no-autograd", "--quiet"),
    "backproof check numpy": (PYTHON, "-m", "backproof", "check", "numpy", "--quiet"),
    "the subject alone": (PYTHON, "-c", ALONE),
}
TARGETS = (
    ("backproof --help", "python -c pass", 8.0),
    ("backproof check numpy --no-autograd", "import numpy", 15.0),
)


def seconds(command: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603 - the commands above
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(options.rounds + 1):
        for name, command in COMMANDS.items():
            taken = seconds(command)
            if number:
                times[name].append(taken)
    print("| command | processor seconds |\n| --- | --- |")
    for name, each in times.items():
        print(f"| {name} | {statistics.median(each):.3f} |")
    print()
    for name, other, limit in TARGETS:
        ratio = statistics.median(a / b for a, b in zip(times[name], times[other], strict=True))
        print(f"- {name} <= {limit:g} x {other}: {'holds' if ratio <= limit else 'MISSED'}, {ratio:.1f}")
    names = ("backproof check numpy", "import torch", "the subject alone")
    ratio = statistics.median(
        whole / (3 * torch + own) for whole, torch, own in zip(*(times[name] for name in names), strict=True)
    )
    verdict = "holds" if ratio <= 1 else "MISSED"
    print(
        f"- backproof check numpy <= 3 x import torch and the subject's own time: {verdict}, {ratio:.3f} times as much"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
