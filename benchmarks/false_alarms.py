"""How often correct code is failed: drawn cases against correct implementations.

    python benchmarks/false_alarms.py --cases 10000

prints, for each implementation, how many checks were made and how many deviated. Exit status 1 if any did.
"""

from __future__ import annotations

import argparse
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from backproof.case import Case
from backproof.door import Subject
from backproof.loading import load_subject
from backproof.mutants.correct import CORRECT
from backproof.processes import in_processes
from backproof.run import run_subject
from backproof.strategies import cases

NAMES = ("numpy", "loops-reversed", "in-double", "weights-only", "mean-with-sample-deltas")


def subjects() -> list[Subject]:
    return [load_subject(name) if name == "numpy" else CORRECT[name] for name in NAMES]


def run(task: tuple[int, int]) -> Counter[tuple[str, str]]:
    number, count = task
    counts: Counter[tuple[str, str]] = Counter()
    chosen = subjects()

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def judge(case: Case) -> None:
        counts["", "cases"] += 1
        for subject in chosen:
            outcome = run_subject(subject, [case])
            counts.update((subject.name, str(finding.status)) for finding in outcome.findings)
            counts[subject.name, "errors"] += sum(result.error is not None for result in outcome.results)

    judge()
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    share = -(-options.cases // (4 * options.jobs))
    total: Counter[tuple[str, str]] = Counter()
    for counts in in_processes(run, [(number, share) for number in range(4 * options.jobs)], options.jobs):
        total.update(counts)
    print(f"{total['', 'cases']} drawn cases, both dtypes")
    wrong = 0
    for name in NAMES:
        kinds = ("passed", "reduced_accuracy", "vacuous", "deviates", "downstream", "errors")
        print(f"{name}: " + ", ".join(f"{total[name, kind]} {kind.replace('_', ' ')}" for kind in kinds))
        wrong += total[name, "deviates"] + total[name, "errors"]
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
