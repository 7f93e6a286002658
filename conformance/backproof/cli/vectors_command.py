"""`backproof vectors list|show|verify|judge|export`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from rich.table import Table

from backproof.case import DTYPES
from backproof.cli.console import output
from backproof.errors import UsageError
from backproof.loading import load_subject
from backproof.vectors.export import export
from backproof.vectors.plain import judge_plainly
from backproof.vectors.reading import load
from backproof.vectors.text import canonical
from backproof.vectors.verify import verify
from backproof_fixtures import VectorError, read_manifest, read_vector
from backproof_spec import UnknownClauseError, get_clause

MOST = 20


def run(options: argparse.Namespace) -> int:
    """Do what the action says, and return the exit status."""
    return {"list": _list, "show": _show, "verify": _verify, "judge": _judge, "export": _export}[options.action](
        options
    )


def _list(options: argparse.Namespace) -> int:
    vectors = [data for data in load(options.vectors).values() if _chosen(data, options)]
    if not vectors:
        msg = "vectors list: no vector has that family, flag and clause"
        raise UsageError(msg)
    table = Table("vector", "family", "network", "clauses", "kills", "flags", box=None, pad_edge=False)
    for data in vectors:
        network = "-".join(map(str, data["case"]["widths"]))
        clauses, flags = ", ".join(data["clauses"]), ", ".join(data["flags"])
        table.add_row(data["slug"], data["family"], network, clauses, str(len(data["kills"])), flags)
    output(options).print(table)
    return 0


def _chosen(data: dict[str, Any], options: argparse.Namespace) -> bool:
    clause = None
    if options.clause:
        try:
            clause = get_clause(options.clause).id
        except UnknownClauseError as error:
            raise UsageError(str(error)) from error
    return (
        options.family in (None, data["family"])
        and (options.flag is None or options.flag in data["flags"])
        and (clause is None or clause in data["clauses"])
    )


def _show(options: argparse.Namespace) -> int:
    try:
        print(canonical(read_vector(options.slug, options.vectors)), end="")
    except VectorError as error:
        msg = f"{error} (backproof vectors list)"
        raise UsageError(msg) from error
    return 0


def _verify(options: argparse.Namespace) -> int:
    try:
        known = read_manifest(options.vectors)["vectors"]
        for slug in options.slug:
            if slug not in known:
                msg = f"vectors verify: there is no vector {slug!r} (backproof vectors list)"
                raise UsageError(msg)
        problems = verify(options.vectors, options.slug or None, options.jobs or os.cpu_count() or 1)
    except VectorError as error:
        raise UsageError(str(error)) from error
    for problem in problems[:MOST]:
        print(problem)
    if len(problems) > MOST:
        print(f"... and {len(problems) - MOST} more")
    count = len(options.slug or known)
    if problems:
        print(f"vectors: {len({problem.file for problem in problems})} files of {count} are not what they should be")
        return 1
    print(
        f"vectors: {count} verified: hashes, schema, provenance, every value, bound, oracle and claimed mutant "
        "computed again"
    )
    return 0


def _judge(options: argparse.Namespace) -> int:
    with load_subject(options.subject) as subject:
        tally = judge_plainly(subject, load(options.vectors).values(), (options.dtype,) if options.dtype else DTYPES)
    for line in [*map(str, tally.misses), *tally.errors][:MOST]:
        print(line)
    missed = len({(miss.vector, miss.dtype) for miss in tally.misses}) + len(tally.errors)
    print(
        f"{subject.name}: {'passes' if tally.passed else 'fails'}: {tally.vectors} vectors judged (each dtype counts), "
        f"{missed} failed, {len(tally.skipped)} skipped; {tally.values} values, {tally.vacuous} of them vacuous"
    )
    if not tally.values:
        print("nothing was compared: the subject skips or shows nothing", file=sys.stderr)
    return 0 if tally.passed else 1


def _export(options: argparse.Namespace) -> int:
    count = export(Path(options.folder))
    print(f"wrote {count} vectors to {options.folder}: JSON, .npz and vectors.csv; FORMAT.md says how to read them")
    return 0
