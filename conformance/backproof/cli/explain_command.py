"""`backproof explain CLAUSE`."""

from __future__ import annotations

import argparse
import inspect

import backproof.behaviour  # noqa: F401 - registers the behaviour clauses
from backproof.catalogue import all_cases
from backproof.cli.console import output
from backproof.cli.list_command import ROWS
from backproof.errors import UsageError
from backproof.verdict import exercises
from backproof_spec import UnknownClauseError, get_clause

SHOWN_CASES = 12


def run(options: argparse.Namespace) -> int:
    """Print what a clause says, its formula, its code, and the cases that exercise it."""
    try:
        clause = get_clause(options.clause)
    except UnknownClauseError as error:
        a_case = options.clause in {case.slug for case in all_cases()}
        if options.clause in ROWS or a_case:
            msg = f"{options.clause} is no clause; see: backproof list {'cases' if a_case else options.clause}"
            raise UsageError(msg) from error
        raise UsageError(str(error)) from error
    console = output(options)

    def say(text: str = "") -> None:
        console.print(text, markup=False, highlight=False)

    say(f"{clause.id} {clause.slug}")
    say(f"  {clause.statement}")
    say(f"  formula: {clause.latex}")
    say(f"  section: {clause.section}" + (f" (image {clause.image})" if clause.image else ""))
    kind = "observed: judged on numbers" if clause.observed else f"derived: proved, judged via {', '.join(clause.via)}"
    say(f"  {kind}")
    slugs = [case.slug for case in all_cases("float64") if exercises(case, clause)]
    more = f" and {len(slugs) - SHOWN_CASES} more" if len(slugs) > SHOWN_CASES else ""
    say(f"  cases: {', '.join(slugs[:SHOWN_CASES])}{more}")
    say("  code:")
    say()
    for line in inspect.getsource(clause.function).splitlines():
        say(f"    {line}")
    return 0
