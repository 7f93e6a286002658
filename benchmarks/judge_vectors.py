"""Print how long loading all vectors and judging the NumPy implementation by them takes, in both dtypes.

`python benchmarks/judge_vectors.py [--rounds N]`.

Each round starts two fresh interpreters, one after the other: `python -c "import numpy"`, and `backproof vectors judge
numpy`, imports included. Printed are the medians of both (wall clock and processor time) and of their ratios.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "import numpy": [sys.executable, "-c", "import numpy"],
    "vectors judge numpy": [sys.executable, "-m", "backproof", "vectors", "judge", "numpy"],
}


def timed(command: list[str]) -> tuple[float, float]:
    """Return the seconds of a command: wall clock, processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own interpreter
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    rounds = [
        {name: timed(command) for name, command in COMMANDS.items()} for _ in range(max(parser.parse_args().rounds, 1))
    ]
    for name in COMMANDS:
        wall, processor = (statistics.median(found[name][kind] for found in rounds) for kind in (0, 1))
        print(f"{name}: {wall:.2f} s, {processor:.2f} s of processor time")
    slow, quick = reversed(COMMANDS)
    ratio = statistics.median(found[slow][1] / found[quick][1] for found in rounds)
    print(f"ratio of processor times: {ratio:.1f}")


if __name__ == "__main__":
    main()
