"""torch.autograd.gradcheck and the kit on the same networks with the same bugs: time, and bugs caught.

    python benchmarks/gradcheck.py --plot docs/plots/gradcheck.svg

Networks of 10 to 10^6 weights (tanh, squared loss, 8 samples, float64). The implementation under test is the mutants'
machine; gradcheck sees it as an autograd Function of its loss and its gradients, in slow and in fast mode, with its own
default tolerances. The kit judges one answer: element by element, or by probes from a million parameters on. A bug is
caught when the check fails in this one case. What gradcheck would take longer for than --limit seconds is not run.
Interleaved rounds, processor time, medians; the ratio is the median of the rounds' ratios, with half the distance of
their quartiles.
"""

from __future__ import annotations

import single_thread  # isort: skip  # sets the thread counts that the libraries read when they are imported

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from plots import lines

from backproof.case import Case
from backproof.catalogue.build import build_case
from backproof.judge.case import judge_case
from backproof.judge.findings import Status
from backproof.mutants import Machine, get_mutant
from backproof.observation import read_observation
from backproof.probes import is_large, judge_by_probes

torch.set_num_threads(single_thread.THREADS)
# A check that fails in fast mode runs the slow mode for the text of its error: hours, for what nobody reads here.
sys.modules["torch.autograd.gradcheck"]._run_slow_mode_and_get_error = lambda *_, **__: ""  # noqa: SLF001 - no other way

WIDTHS = ((2, 2, 2), (6, 10, 4), (20, 30, 12), (64, 128, 16), (256, 400, 20), (800, 1000, 200))
BUGS = (
    "derivative-missing",
    "derivative-at-activation",
    "derivative-of-sigmoid",
    "delta-doubled",
    "last-unit-dropped",
    "deltas-through-updated-weights",
    "gradient-mean",
    "last-sample-dropped",
    "gradient-one-bad-element",
    "bias-gradient-doubled",
    "loss-halved",
    "first-layer-frozen",
    "rate-half",
    "weight-decay",
)
CHECKERS = ("slow", "fast", "kit")


@dataclass(frozen=True, slots=True)
class Row:
    weights: int
    times: dict[str, list[float]]
    caught: dict[str, int | None]
    right: dict[str, bool]

    def seconds(self, name: str) -> float:
        return statistics.median(self.times[name])

    def ratio(self) -> tuple[float, float]:
        """Return the kit's time / fast mode's, and its spread."""
        pairs = zip(self.times["kit"], self.times["fast"], strict=True)
        low, middle, high = statistics.quantiles([kit / fast for kit, fast in pairs], n=4)
        return middle, (high - low) / 2


def by_gradcheck(case: Case, machine: Machine, *, fast: bool) -> bool:
    """Return whether gradcheck passes."""
    shapes = [(layer.weights, layer.biases) for layer in case.layers]

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *parameters: Any) -> Any:
            values = [tensor.detach().numpy() for tensor in parameters]
            pairs = list(zip(values[::2], values[1::2], strict=True))
            record = machine(case.with_parameters(pairs).for_subject())[0]
            ctx.found = [
                g for pair in zip(record["weight_gradients"], record["bias_gradients"], strict=True) for g in pair
            ]
            return torch.tensor(float(record["loss"]), dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, *upstream: Any) -> Any:
            return tuple(upstream[0] * torch.tensor(np.asarray(found)) for found in ctx.found)

    inputs = [torch.tensor(values, requires_grad=True) for pair in shapes for values in pair]
    return bool(torch.autograd.gradcheck(Loss.apply, inputs, raise_exception=False, fast_mode=fast))


def by_kit(case: Case, machine: Machine) -> bool:
    """Return whether nothing deviates."""
    answer = machine(case.for_subject())
    if is_large(case):
        findings = judge_by_probes(case, answer).findings
    else:
        findings = judge_case(case, read_observation(answer, case)).findings
    return all(finding.status is not Status.DEVIATES for finding in findings)


def estimated(case: Case, machine: Machine) -> float:
    """Return about how long the slow mode takes: two passes for each parameter."""
    start = time.perf_counter()
    machine(case.for_subject())
    return 2 * case.size * (time.perf_counter() - start)


def measure(widths: tuple[int, ...], limit: float, rounds: int) -> Row:
    case = build_case("compared", "Compared", widths, "tanh", "squared", seed=41, samples=8)
    right = Machine()
    checks: dict[str, Callable[[Machine], bool]] = {
        "slow": lambda machine: by_gradcheck(case, machine, fast=False),
        "fast": lambda machine: by_gradcheck(case, machine, fast=True),
        "kit": lambda machine: by_kit(case, machine),
    }
    if estimated(case, right) > limit:
        del checks["slow"]
    times: dict[str, list[float]] = {name: [] for name in checks}
    passes: dict[str, bool] = {}
    for _ in range(rounds):
        for name, check in checks.items():
            start = time.process_time()
            passes[name] = check(right)
            times[name].append(time.process_time() - start)
    caught: dict[str, int | None] = {}
    for name, check in checks.items():
        dear = name == "slow" and statistics.median(times[name]) * len(BUGS) > 4 * limit
        caught[name] = None if dear else sum(not check(get_mutant(bug).machine()) for bug in BUGS)
    return Row(sum(layer.weights.size for layer in case.layers), times, caught, passes)


def cells(row: Row) -> list[str]:
    times = [f"{row.seconds(name):.3f}" if name in row.times else "not run" for name in CHECKERS]
    told = [row.caught.get(name) for name in CHECKERS]
    found = ["not run" if number is None else f"{number} of {len(BUGS)}" for number in told]
    failed = [name for name, passed in row.right.items() if not passed]
    ratio, spread = row.ratio()
    return [f"{row.weights:,}", *times, f"{ratio:.2f} +- {spread:.2f}", *found, ", ".join(failed) or "none"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=20.0, metavar="S")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", type=Path, metavar="FILE")
    options = parser.parse_args()
    columns = [
        "weights",
        *(f"{name} s" for name in CHECKERS),
        "kit/fast",
        *(f"{name} caught" for name in CHECKERS),
        "fails right code",
    ]
    print(f"| {' | '.join(columns)} |\n| {' | '.join('---' for _ in columns)} |")
    measure(WIDTHS[0], options.limit, 2)  # whatever is imported or made at first use
    rows = []
    for widths in WIDTHS:
        rows.append(measure(widths, options.limit, options.rounds))
        print(f"| {' | '.join(cells(rows[-1]))} |", flush=True)
    print()
    most = [row.weights for row in rows if row.caught["kit"] != len(BUGS)]
    print(f"- the kit catches all {len(BUGS)} bugs at every size: {'holds' if not most else f'MISSED at {most}'}")
    wrong = [row.weights for row in rows if not row.right["kit"]]
    print(f"- the kit fails no right code: {'holds' if not wrong else f'MISSED at {wrong}'}")
    holds = "holds" if rows[-1].ratio()[0] <= 1 else "MISSED"
    print(f"- at {rows[-1].weights:,} weights the kit takes no longer than fast mode: {holds}")
    if options.plot:
        series = {
            {"slow": "gradcheck, slow", "fast": "gradcheck, fast", "kit": "backproof"}[name]: [
                (row.weights, row.seconds(name)) for row in rows if name in row.times
            ]
            for name in CHECKERS
        }
        lines(options.plot, series, x="weights", y="seconds for one check")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
