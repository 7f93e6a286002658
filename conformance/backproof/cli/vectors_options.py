"""The options of the door of files: `vectors`, `regen`, and `check --vectors`."""

from __future__ import annotations

import argparse
from typing import Any

BUNDLED = ""


def add_vectors_option(check: argparse.ArgumentParser) -> None:
    """Add --vectors to `check`."""
    check.add_argument(
        "--vectors", nargs="?", const=BUNDLED, metavar="DIR", help="judge on the vectors (that ship, or of DIR) instead"
    )


def add_commands(commands: Any) -> None:
    """Add `vectors` and `regen`."""
    vectors = commands.add_parser("vectors", help="list, show, verify, judge or export the vectors")
    actions = vectors.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the vectors, one a line")
    listing.add_argument("--family", metavar="NAME", help="only this family")
    listing.add_argument("--flag", metavar="NAME", help="only those with this flag")
    listing.add_argument("--clause", metavar="ID", help="only those that test this clause")
    show = actions.add_parser("show", help="one vector: what it is, and its file")
    show.add_argument("slug", metavar="VECTOR")
    verify = actions.add_parser("verify", help="hashes, schema, and every field against the equations and the mutants")
    verify.add_argument("slug", nargs="*", metavar="VECTOR", help="only these (default: all)")
    verify.add_argument("--jobs", type=int, metavar="N", help="processes (default: one for each core)")
    judge = actions.add_parser("judge", help="hold a subject against the stored values alone, as the validators do")
    judge.add_argument("subject", metavar="SUBJECT", help="as for check")
    judge.add_argument("--dtype", choices=("float64", "float32"), help="only this dtype")
    export = actions.add_parser("export", help="write everything that a program in another language needs")
    export.add_argument("folder", metavar="DIR", help="where to; it must be new or empty")
    for action in (listing, show, verify, judge):
        action.add_argument("--vectors", metavar="DIR", help="the vectors of this folder (default: those that ship)")
    for action in (listing, show, verify, judge, export):
        action.add_argument("--no-color", action="store_true", help="no colours (NO_COLOR does the same)")

    regen = commands.add_parser("regen", help="rebuild every vector and golden, and say what changed (in a clone)")
    regen.add_argument("--check", action="store_true", help="change nothing; exit 1 if anything would")
    regen.add_argument("--overwrite", action="store_true", help="let hand edits be lost instead of refusing them")
    regen.add_argument("--matrix", action="store_true", help="the kill matrix as well, which takes minutes")
    regen.add_argument("--jobs", type=int, metavar="N", help="processes (default: one for each core)")
    regen.add_argument("--no-color", action="store_true", help=argparse.SUPPRESS)
