"""What judging a large network by probes costs, and what it can see.

    python benchmarks/probes.py --case large-12m --case large-50m

times one training step of `backproof_numpy` and the judging of what it shows, interleaved, in one process on one
thread (processor time), and prints the median of the pairs' ratios, the peak of extra memory, and the smallest relative
errors that were told when they were put into the gradient. The targets are printed last, each with whether it holds.

    python benchmarks/probes.py --device cuda --case large-12m --case large-1g

takes torch's step on the device instead, judged there (wall time, the device waited for).
"""

from __future__ import annotations

import single_thread  # isort: skip  # sets the thread counts that the libraries read when they are imported

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import threadpoolctl

from backproof.catalogue.large import LARGE, large_case
from backproof.judge.findings import Status
from backproof.probes import LargeCase, judge_by_probes
from backproof.subjects.bundled_numpy import make_subject
from backproof_numpy import Layer, Network

threadpoolctl.threadpool_limits(single_thread.THREADS)

RATIO, MEMORY = 0.6, 0.05
STILL = 2.0**-60  # a learning rate with which the timed steps leave the parameters as they are
COPIED = 5 * 10**8  # parameters, up to which memory holds what a step shows twice
BISECTIONS = 6
KINDS = ("one element", "one row", "all")


@dataclass(frozen=True, slots=True)
class Row:
    slug: str
    parameters: int
    batch: int
    ratios: list[float]
    steps: list[float]
    memory: float
    seen: dict[str, tuple[float, float]]

    def cells(self) -> list[str]:
        low, middle, high = statistics.quantiles(self.ratios, n=4)
        return [
            self.slug,
            f"{self.parameters:,}",
            str(self.batch),
            f"{1e3 * statistics.median(self.steps):.0f}",
            f"{middle:.3f}",
            f"{(high - low) / 2:.3f}",
            f"{100 * self.memory:.1f} %",
            *(f"{remarked:.1e} / {failed:.1e}" for remarked, failed in self.seen.values()),
            *["not measured"] * (len(KINDS) - len(self.seen)),
        ]


COLUMNS = ("case", "parameters", "batch", "step ms", "judge/step", "+-", "extra memory", *KINDS)


def step_of(case: Any) -> tuple[Callable[[], Any], dict[str, Any]]:
    """Return a step of `backproof_numpy`, so slow that nothing overflows, and what the case's own step shows.

    Copies, which the steps leave as they are, below COPIED parameters: above, judge before the next step.
    """
    given = case.for_subject()
    network = Network(
        [
            Layer(la.weights, la.biases, activation=la.activation.name, **dict(la.activation.parameters))
            for la in given.layers
        ],
        loss=case.loss,
    )
    x, y = given.x, given.y
    del given
    shown = network.step(x, y, case.learning_rate)
    kept = np.array if case.size < COPIED else np.asarray
    names = ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients")
    answer: dict[str, Any] = {name: [kept(values) for values in getattr(shown, name)] for name in names}
    answer["loss"] = np.array(shown.loss)
    answer["weights"] = [kept(values) for values in network.weights]
    answer["biases"] = [kept(values) for values in network.biases]
    return lambda: network.step(x, y, STILL, check=False), answer


def measure(case: Any, *, rounds: int, probes: int, inject: bool, device: str) -> Row:
    if device == "cpu":
        step, answer = step_of(case)
        clock, peak_of = time.process_time, traced
    else:
        import device_step  # noqa: PLC0415 - it imports torch

        step, answer = device_step.step_of(case, device, STILL)
        clock, peak_of = device_step.clock, device_step.peak_of
    judge = lambda: judge_by_probes(case, answer, probes=probes)  # noqa: E731 - timed beside `step`
    assert all(finding.status is not Status.DEVIATES for finding in judge().findings)
    peak = peak_of(judge)
    seen = thresholds(case, answer) if inject else {}

    def timed(call: Callable[[], Any]) -> float:
        start = clock()
        call()
        return float(clock() - start)

    if device == "cpu" and case.size >= COPIED:
        judged, steps = [timed(judge) for _ in range(rounds)], [timed(step) for _ in range(rounds)]
    else:
        judged, steps = zip(*((timed(judge), timed(step)) for _ in range(rounds)), strict=True)
    ratios = [one / other for one, other in zip(judged, steps, strict=True)]
    network = 2 * case.size * np.dtype(case.dtype).itemsize
    return Row(case.slug, case.size, len(case.batches[0]), ratios, list(steps), peak / network, seen)


def traced(call: Callable[[], Any]) -> int:
    """Return the peak of what NumPy and Python allocate during a call, in bytes."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def thresholds(case: Any, answer: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Return, of errors put into the gradient of layer 2, the smallest that is remarked, and that deviates."""
    gradient = answer["weight_gradients"][1]
    row, column = gradient.shape[0] // 3, int(np.abs(gradient[gradient.shape[0] // 3]).argmax())
    usual = float(np.sqrt(np.mean(gradient[row].astype(float) ** 2)))
    shown = {name: values for name, values in answer.items() if name not in ("weights", "biases")}

    def spoiled(kind: str, share: float) -> Any:
        changed = gradient.copy()
        if kind == "one element":
            changed[row, column] += share * usual
        elif kind == "one row":
            changed[row] *= 1 + share
        else:
            changed *= 1 + share
        return {**shown, "weight_gradients": [answer["weight_gradients"][0], changed, *answer["weight_gradients"][2:]]}

    def status(kind: str, share: float) -> Status:
        found = [
            finding.status
            for finding in judge_by_probes(case, spoiled(kind, share)).findings
            if (finding.clause, finding.quantity, finding.layer) == ("E11", "weight_gradients", 2)
        ]
        return max(found, key=(Status.VACUOUS, Status.PASSED, Status.REDUCED, Status.DEVIATES).index)

    def bisect(kind: str, wanted: tuple[Status, ...]) -> float:
        low, high = 1e-8, 10.0
        for _ in range(BISECTIONS):
            middle = float(np.sqrt(low * high))
            low, high = (low, middle) if status(kind, middle) in wanted else (middle, high)
        return high

    return {kind: (bisect(kind, (Status.REDUCED, Status.DEVIATES)), bisect(kind, (Status.DEVIATES,))) for kind in KINDS}


def verdicts(rows: list[Row]) -> Iterator[str]:
    chosen = [row for row in rows if row.parameters >= 10**7 and row.batch >= 256]
    if not chosen:
        yield f"judge/step <= {RATIO} from 10^7 weights and a batch of 256 on: not measured"
        return
    worst = max(chosen, key=lambda row: statistics.median(row.ratios))
    ratio = statistics.median(worst.ratios)
    holds = "holds" if ratio <= RATIO else "MISSED"
    yield f"judge/step <= {RATIO} from 10^7 weights and a batch of 256 on: {holds}, worst {ratio:.3f} ({worst.slug})"
    worst = max(chosen, key=lambda row: row.memory)
    holds = "holds" if worst.memory <= MEMORY else "MISSED"
    yield (
        f"extra memory <= {100 * MEMORY:.0f} % of the parameters and their gradient: {holds}, worst "
        f"{100 * worst.memory:.1f} % ({worst.slug})"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=[*LARGE], help="default: large-12m and large-12m-tanh")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--probes", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="of torch, as cuda: judged there; without errors put in")
    parser.add_argument("--no-injection", action="store_true", help="do not put errors in: that takes 36 judgements")
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n| {' | '.join('---' for _ in COLUMNS)} |", flush=True)
    rows = []
    for slug in options.case or ["large-12m", "large-12m-tanh"]:
        case = large_case(slug).under(make_subject().conventions)
        assert isinstance(case, LargeCase)
        inject = not options.no_injection and options.device == "cpu"
        rows.append(measure(case, rounds=options.rounds, probes=options.probes, inject=inject, device=options.device))
        print(f"| {' | '.join(rows[-1].cells())} |", flush=True)
    print()
    print("Errors: the smallest relative one in the gradient of layer 2 that is remarked / that deviates, found by")
    print("putting it there; one element: relative to the usual size of an element of its row.")
    print()
    for line in verdicts(rows):
        print(f"- {line}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
