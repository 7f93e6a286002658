"""What judging one fully observed step costs, element by element and by probes, against the step itself.

    python benchmarks/judging.py --plot docs/plots/judging.svg

Balls: local judgement in ball arithmetic, the kit's first choice. Floats: every element of every matrix in float64.
Probes: random signs. The step is that of `backproof_numpy`; one thread, interleaved rounds, medians of the ratios of
processor time.
"""

from __future__ import annotations

import single_thread  # isort: skip  # sets the thread counts that the libraries read when they are imported

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from plots import lines
from probes import step_of

from backproof.balls import precision
from backproof.case import Case
from backproof.judge.local import judge_update
from backproof.probes import LargeCase, judge_by_probes
from backproof.subjects.bundled_numpy import make_subject
from backproof.walk import ball_network
from backproof_spec import activation

threadpoolctl.threadpool_limits(single_thread.THREADS)

TARGET = 3.0
BALLS_UP_TO = 10_000
SIZES = (
    ((4, 4, 4), 8),
    ((16, 16, 10), 32),
    ((64, 64, 10), 64),
    ((256, 256, 10), 128),
    ((512, 512, 512), 256),
    ((1024, 1024, 1024), 256),
)
WAYS = ("balls", "floats", "probes")


@dataclass(frozen=True, slots=True)
class Row:
    widths: tuple[int, ...]
    batch: int
    dtype: str
    step: float
    ratios: Mapping[str, float]
    spreads: Mapping[str, float]

    @property
    def weights(self) -> int:
        return sum(a * b for a, b in pairwise(self.widths))


def measure(widths: tuple[int, ...], batch: int, dtype: str, rounds: int) -> Row:
    case: Any = LargeCase(
        "judged", widths, samples=batch, hidden=activation("tanh"), dtype=dtype, learning_rate=2.0**-12, seed=3
    ).under(make_subject().conventions)
    step, answer = step_of(case)
    calls: dict[str, Callable[[], Any]] = {
        "step": step,
        "floats": lambda: judge_by_probes(case, answer, everything=True),
        "probes": lambda: judge_by_probes(case, answer),
    }
    if sum(a * b for a, b in pairwise(widths)) <= BALLS_UP_TO:
        calls["balls"] = by_balls(case, answer)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            times[name].append(time.process_time() - start)
    ratios, spreads = {}, {}
    for name in WAYS:
        if name in times:
            low, middle, high = statistics.quantiles(
                [taken / step for taken, step in zip(times[name], times["step"], strict=True)], n=4
            )
            ratios[name], spreads[name] = middle, (high - low) / 2
    return Row(widths, batch, dtype, statistics.median(times["step"]), ratios, spreads)


def by_balls(case: Any, answer: dict[str, Any]) -> Callable[[], Any]:
    given = case.for_subject()
    plain = Case(
        slug="judged",
        layers=given.layers,
        x=given.x,
        y=given.y,
        loss=case.loss,
        learning_rate=case.learning_rate,
        batches=case.batches,
        dtype=case.dtype,
        conventions=case.conventions,
    )
    values = {("loss", 0): np.asarray(answer["loss"], float)}
    for name, arrays in answer.items():
        if name != "loss":
            values |= {(name, number): array.astype(float) for number, array in enumerate(arrays, 1)}

    def judge() -> Any:
        with precision(192):
            return judge_update(plain, 1, ball_network(plain), values)

    return judge


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--plot", type=Path, metavar="FILE")
    options = parser.parse_args()
    columns = ["network", "batch", "dtype", "step ms", *(f"{way}/step" for way in WAYS)]
    print(f"| {' | '.join(columns)} |\n| {' | '.join('---' for _ in columns)} |")
    rows = []
    for size, dtype in product(SIZES, ("float64", "float32")):
        row = measure(*size, dtype, options.rounds)
        rows.append(row)
        found = [f"{row.ratios[w]:.2f} +- {row.spreads[w]:.2f}" if w in row.ratios else "not run" for w in WAYS]
        cells = ["-".join(map(str, row.widths)), str(row.batch), row.dtype, f"{1e3 * row.step:.2f}", *found]
        print(f"| {' | '.join(cells)} |", flush=True)
    print()
    for dtype in ("float64", "float32"):
        for way in ("balls", "floats"):
            inside = [r for r in rows if r.dtype == dtype and r.ratios.get(way, np.inf) <= TARGET]
            least = min((r.weights for r in inside), default=None)
            text = (
                "MISSED at every size"
                if least is None
                else f"holds at {len(inside)} sizes, the least {least:,} weights"
            )
            print(f"- {way}/step <= {TARGET:g}, {dtype}: {text}")
    if options.plot:
        series = {
            f"{way}, {dtype}": [(r.weights, r.ratios[way]) for r in rows if r.dtype == dtype and way in r.ratios]
            for way in WAYS
            for dtype in ("float64", "float32")
        }
        lines(options.plot, series, x="weights", y="judging / step", level=TARGET)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
