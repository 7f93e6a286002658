"""The options that write reports, and the commands that read them or make many: compare and grade."""

from __future__ import annotations

import argparse
from typing import Any

RUBRIC = """\
  subject = "my_net"      # the name of the function in each file; or command = "node {file}"
  files = "*.py"          # which files of the folder are submissions
  time_limit = 60         # seconds that one submission may run in all

  [[points]]
  clause = "E17"          # an id or a slug of `backproof list clauses`
  points = 4
"""


def add_report_options(check: argparse.ArgumentParser) -> None:
    """Add to `check` the forms in which a report is written and shown."""
    check.add_argument("--html", metavar="FILE", help="write the report as a page that needs no network")
    check.add_argument("--junit", metavar="FILE", help="write JUnit XML: one test for each clause and case")
    check.add_argument("--markdown", metavar="FILE", help="write a summary for the page of a CI job")
    check.add_argument("--table", action="store_true", help="one row for each clause, not one for each status")


def add_report_commands(commands: Any) -> list[argparse.ArgumentParser]:
    """Add `compare` and `grade`, and return them."""
    compare = commands.add_parser("compare", help="compare two reports: what got worse, what got better")
    compare.add_argument("old", metavar="OLD.json", help="a report that `check --json` wrote")
    compare.add_argument("new", metavar="NEW.json", help="a later one")
    grade = commands.add_parser(
        "grade",
        help="judge every submission of a folder, points by clause",
        epilog=f"a rubric is a file such as\n\n{RUBRIC}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    grade.add_argument("folder", metavar="DIR", help="the folder of the submissions")
    grade.add_argument("--rubric", metavar="FILE", required=True, help="points by clause, limits (TOML)")
    grade.add_argument("--out", metavar="DIR", default="grades", help="where the reports go (default: grades)")
    return [compare, grade]
