"""Print how long one training step takes.

`python benchmarks/training_step.py [--markdown] [--seconds S] [--rounds N] [--most-weights N] [--plot FILE]`.

All contenders run in one process, on one thread, interleaved in rounds, so that whatever else the
machine does meets all of them alike; times are processor time, which other processes disturb less than the
clock. A time is the median over the rounds, the spread half the
distance of the quartiles; a ratio is the median of the rounds' ratios. `numpy` validates its inputs
(the default), `unchecked` is `check=False`, as `fit` calls it.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from contenders import BATCHES, CONTENDERS, DTYPES, SIZES, Problem, Step, problem, torch_step

COLUMNS = (
    "network", "batch", "dtype", "numpy us", "+-", "unchecked us", "torch us", "sklearn us",
    "numpy/torch", "unchecked/torch", "numpy/sklearn", "numpy/GEMM",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """The rounds of one network, batch size and dtype: seconds per step of each contender."""

    widths: tuple[int, ...]
    batch: int
    dtype: str
    times: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Return a contender's median time in microseconds."""
        return 1e6 * statistics.median(self.times[name])

    def spread(self, name: str) -> float:
        """Return half the distance between the quartiles, in microseconds."""
        low, _, high = statistics.quantiles(self.times[name], n=4)
        return 1e6 * (high - low) / 2

    def ratio(self, name: str, other: str) -> float:
        """Return the median over the rounds of name's time / other's time."""
        return statistics.median(a / b for a, b in zip(self.times[name], self.times[other], strict=True))

    def cells(self) -> list[str]:
        """Return the row's cells as text, in the order of COLUMNS."""
        times = [
            self.median("numpy"),
            self.spread("numpy"),
            *(self.median(n) for n in ("unchecked", "torch", "sklearn")),
        ]
        pairs = (
            ("numpy", "torch"),
            ("unchecked", "torch"),
            ("numpy", "sklearn"),
            ("numpy", "gemm"),
        )
        return [
            "-".join(map(str, self.widths)),
            str(self.batch),
            self.dtype,
            *(f"{value:.1f}" for value in times),
            *(f"{self.ratio(*pair):.3f}" for pair in pairs),
        ]


@dataclass(frozen=True, slots=True)
class Target:
    """One promise: the worst `name`/`other` of the chosen rows is at or below `limit`."""

    name: str
    other: str
    limit: float
    widths: tuple[tuple[int, ...], ...]
    batches: tuple[int, ...]

    def verdict(self, rows: list[Row]) -> str:
        """Return the target, the worst ratio, and whether it holds."""
        chosen = [row for row in rows if row.widths in self.widths and row.batch in self.batches]
        if not chosen:
            return f"{self.name}/{self.other} <= {self.limit}: not measured"
        worst = max(chosen, key=lambda row: row.ratio(self.name, self.other))
        ratio = worst.ratio(self.name, self.other)
        where = f"{'-'.join(map(str, worst.widths))}, batch {worst.batch}, {worst.dtype}"
        holds = "holds" if ratio <= self.limit else "MISSED"
        return f"{self.name}/{self.other} <= {self.limit}: {holds}, worst {ratio:.3f} ({where})"


def weights_of(widths: tuple[int, ...]) -> int:
    """Return the number of weights."""
    return sum(n_in * n_out for n_in, n_out in pairwise(widths))


TINY = tuple(widths for widths in SIZES if weights_of(widths) < 1_000)
SMALL = tuple(widths for widths in SIZES if weights_of(widths) < 10_000)
LARGE = tuple(widths for widths in SIZES if min(widths) >= 1024)
MIDDLE = tuple(widths for widths in SIZES if min(widths) == 512)
MOST_GEOMETRIC = 0.6
TARGETS = (
    Target("numpy", "gemm", 1.10, LARGE, (256, 1024)),
    Target("numpy", "gemm", 1.25, MIDDLE, (256, 1024)),
    Target("numpy", "torch", 1.0, SIZES, BATCHES),
    Target("numpy", "torch", 0.16, TINY, (1,)),
    Target("numpy", "torch", 0.9, SMALL, BATCHES),
    Target("numpy", "sklearn", 0.05, TINY, (1,)),
)


def time_once(step: Step, repeats: int) -> float:
    """Return the seconds per step over a run of `repeats`."""
    start = time.process_time()
    for _ in range(repeats):
        step()
    return (time.process_time() - start) / repeats


def measure(
    widths: tuple[int, ...],
    batch: int,
    dtype: str,
    contenders: Mapping[str, Callable[[Problem], Step]],
    *,
    seconds: float,
    rounds: int,
) -> Row:
    """Time all contenders in interleaved rounds, each given about the same share of `seconds`."""
    given = problem(widths, batch, dtype)
    steps = {name: build(given) for name, build in contenders.items()}
    share = seconds / rounds / len(steps)
    repeats = {}
    for name, step in steps.items():
        step()
        repeats[name] = max(1, int(share / time_once(step, 1)))
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(time_once(step, repeats[name]))
    return Row(widths, batch, dtype, times)


def table(rows: list[Row], *, markdown: bool) -> str:
    """Return the rows as an aligned table, in Markdown if asked."""
    lines = [list(COLUMNS), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    texts = [[cell.rjust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    if not markdown:
        return "\n".join("  ".join(line) for line in texts)
    rule = ["-" * (width - 1) + ":" for width in widths]
    return "\n".join(f"| {' | '.join(line)} |" for line in (texts[0], rule, *texts[1:]))


def main(arguments: list[str]) -> int:
    """Measure, print the table and the targets; the exit status is 0 whatever they say.

    a busy machine proves nothing.
    """
    parser = argparse.ArgumentParser(description="Time one training step against torch eager and scikit-learn.")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--seconds", type=float, default=1.0, help="measuring time per row (default 1)")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds per row (default 15)")
    parser.add_argument(
        "--most-weights", type=float, default=float("inf"), metavar="N", help="leave out larger networks"
    )
    parser.add_argument("--compiled", action="store_true", help="time torch.compile too (compiling takes minutes)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the ratios to torch as an SVG plot")
    options = parser.parse_args(arguments)
    contenders = dict(CONTENDERS)
    if options.compiled:
        contenders["compiled"] = partial(torch_step, compiled=True)
    rows = [
        measure(widths, batch, dtype, contenders, seconds=options.seconds, rounds=options.rounds)
        for widths in SIZES
        if weights_of(widths) <= options.most_weights
        for batch in BATCHES
        for dtype in DTYPES
    ]
    print(table(rows, markdown=options.markdown))
    print()
    for target in TARGETS:
        print(f"- {target.verdict(rows)}")
    mean = statistics.geometric_mean(row.ratio("numpy", "torch") for row in rows)
    verdict = "holds" if mean <= MOST_GEOMETRIC else "MISSED"
    print(f"- numpy/torch, geometric mean of the grid <= {MOST_GEOMETRIC}: {verdict}, {mean:.3f}")
    if options.compiled:
        compiled = statistics.geometric_mean(row.ratio("numpy", "compiled") for row in rows)
        print(f"- numpy/torch.compile, geometric mean: {compiled:.3f} (no target)")
    if options.plot:
        series = {
            f"batch {batch}": [
                (weights_of(row.widths), row.ratio("numpy", "torch"))
                for row in rows
                if row.batch == batch and row.dtype == "float32"
            ]
            for batch in BATCHES
        }
        from plots import lines  # noqa: PLC0415 - matplotlib is needed for this option only

        lines(options.plot, series, x="weights", y="step of NumPy / torch eager, float32", level=1.0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
