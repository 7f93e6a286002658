"""`backproof campaign FILE.toml`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backproof.campaign.merged import merge
from backproof.campaign.plan import Cell, Plan, read_plan
from backproof.campaign.store import Store
from backproof.campaign.work import run_campaign
from backproof.cli.console import output, whatever_the_reader_does
from backproof.errors import UsageError
from backproof.verdict import Exit


def run(options: argparse.Namespace) -> int:
    """Judge what is not on disk yet, write the merged report, print it, and return the exit status of its verdict."""
    plan = read_plan(Path(options.file))
    jobs = _jobs(options)
    store = Store(Path(options.out or Path(options.file).with_suffix(".campaign")))
    before = sum(store.finished(cell) is not None for cell in plan.cells)
    with redirect_stdout(sys.stderr):
        _watched(options, plan, store, jobs)
    report = merge(plan, store)
    path = store.folder / "report.json"
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with whatever_the_reader_does():
        _show(output(options), report, path, before, quiet=options.quiet)
    return int(Exit[report["verdict"].upper()])


def _jobs(options: argparse.Namespace) -> int:
    if options.jobs is not None and options.jobs < 1:
        msg = f"--jobs {options.jobs}: expected a positive number of workers"
        raise UsageError(msg)
    if options.jobs is not None and options.scheduler is not None:
        msg = "--jobs is the number of workers on this machine; --scheduler has workers of its own: leave one out"
        raise UsageError(msg)
    return int(options.jobs or os.cpu_count() or 1)


def _watched(options: argparse.Namespace, plan: Plan, store: Store, jobs: int) -> None:
    if options.quiet:
        run_campaign(plan, store, jobs=jobs, scheduler=options.scheduler)
        return
    if not sys.stderr.isatty():

        def line(done: int, total: int, cell: Cell) -> None:
            print(f"{done} of {total}: {cell.label}", file=sys.stderr, flush=True)

        run_campaign(plan, store, jobs=jobs, scheduler=options.scheduler, progress=line)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("campaign", total=len(plan.cells))

        def move(done: int, _: int, cell: Cell) -> None:
            bar.update(task, completed=done, description=cell.label)

        run_campaign(plan, store, jobs=jobs, scheduler=options.scheduler, progress=move)


def _show(console: Console, report: dict[str, Any], path: Path, before: int, *, quiet: bool) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    if not quiet:
        for cell in report["results"]:
            seed = "" if cell["seed"] is None else f" seed {cell['seed']}"
            where = f"{cell['subject']}: {cell['family']}{seed} ({cell['dtype']}, {cell['device']})"
            for error in cell["errors"][:1]:
                say(f"{where}: {error}")
            for deviation in cell["deviations"]:
                say(f"{where}: {deviation['message']}")
                if deviation["reproduction"]:
                    widths = "-".join(map(str, deviation["smallest"]["widths"]))
                    say(f"  smallest case {widths}: python {path.parent / 'reproductions' / deviation['reproduction']}")
        for entry in report["subjects"]:
            verdicts = ", ".join(f"{count} {name}" for name, count in sorted(entry["verdicts"].items()))
            counts = entry["counts"]
            say(f"{entry['subject']}: {verdicts}; {counts.get('checks', 0)} checks in {counts.get('cases', 0)} cases")
    say(f"campaign: {report['verdict']} - {report['cells']} cells, {before} of them were on disk; report: {path}")
