"""The command `backproof`: arguments in, exit status out. Nothing heavy is imported before a command needs it.

argparse is the standard library's own, and quick to import.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from backproof.cli import vectors_options
from backproof.cli.report_options import add_report_commands, add_report_options
from backproof.cli.wire_options import add_check_options, add_commands, add_matrix_options

LISTS = ("clauses", "cases", "mutants", "subjects", "conventions", "activations", "losses", "flags")
EXIT_USAGE = 2
EXIT_BROKEN = 3
EXIT_INTERRUPTED = 130

EPILOG = """\
exit status: 0 conforms, 1 deviates, 2 usage error, 3 the subject (or the kit) is broken, 4 incomplete

examples:
  backproof check numpy                     judge the bundled NumPy implementation
  backproof check my_file.py:my_net         judge your own function of a case
  backproof check --command "node net.mjs"  judge a program in any language
  backproof check numpy --html report.html  the same as a page
  backproof explain delta-rule              what E17 says, and where it is checked
  backproof selftest                        what the kit catches, and that it fails nothing right
  backproof trace                           the article's example, number by number
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="backproof",
        description="Tells anyone who wrote backpropagation whether it is right, and which equation is broken if not.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the version and leave")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    check = commands.add_parser("check", help="judge a subject", description="Judge a subject on the catalogue.")
    check.add_argument(
        "subject", nargs="?", metavar="SUBJECT", help="numpy, torch, scikit-learn, FILE.py:NAME or module:NAME"
    )
    check.add_argument("--case", action="append", metavar="SLUG", help="only this case (may be given several times)")
    check.add_argument("--clause", action="append", metavar="ID", help="only cases that exercise this clause")
    check.add_argument("--dtype", choices=("float64", "float32"), help="only this dtype")
    check.add_argument("--device", default="cpu", metavar="cpu|cuda", help="where torch runs (default: cpu)")
    check.add_argument("--no-autograd", action="store_true", help="do not compare with PyTorch autograd")
    check.add_argument("--jobs", type=int, metavar="N", help="judge in N processes (default: in this one)")
    check.add_argument("--expect", metavar="FILE", help="known deviations, each with its reason (TOML)")
    check.add_argument("--json", metavar="FILE", help="write the report backproof/report/1 (- for standard output)")
    add_report_options(check)
    add_check_options(check)
    vectors_options.add_vectors_option(check)
    _common(check)

    listing = commands.add_parser("list", help="list clauses, cases, mutants, subjects, conventions ...")
    listing.add_argument("what", choices=LISTS)
    listing.add_argument("--json", metavar="FILE", help="write the list as JSON (- for standard output)")
    _common(listing)

    explain = commands.add_parser("explain", help="explain a clause: formula, code, cases")
    explain.add_argument("clause", metavar="CLAUSE", help="an id such as E17, or a slug such as delta-rule")
    _common(explain)

    selftest = commands.add_parser("selftest", help="judge the kit itself: mutants, correct implementations")
    selftest.add_argument(
        "--mutant", action="append", metavar="NAME", help="only this mutant (may be given several times)"
    )
    selftest.add_argument("--jobs", type=int, metavar="N", help="processes (default: one for each core)")
    selftest.add_argument("--json", metavar="FILE", help="write the kill matrix")
    selftest.add_argument("--powers", metavar="FILE", help="write what each case kills that few others kill")
    selftest.add_argument(
        "--independent", metavar="DIR", help="judge the programs that DIR/expected.toml names as well"
    )
    _common(selftest)

    matrix = commands.add_parser("matrix", help="judge every subject that can run here, clause by clause")
    matrix.add_argument("--subject", action="append", metavar="NAME", help="only this one (may be given several times)")
    matrix.add_argument("--no-autograd", action="store_true", help="do not compare with PyTorch autograd")
    matrix.add_argument("--json", metavar="FILE", help="write the matrix as JSON (- for standard output)")
    add_matrix_options(matrix)
    matrix.add_argument("--html", metavar="FILE", help="write the matrix as a page that needs no network")
    matrix.add_argument("--badges", metavar="DIR", help="write an SVG badge for each subject")
    _common(matrix)

    _add_campaign(commands)

    trace = commands.add_parser("trace", help="print a case step by step, with the equation of each line")
    trace.add_argument("case", nargs="?", default="worked-example", metavar="CASE", help="default: worked-example")
    trace.add_argument("--dtype", choices=("float64", "float32"), default="float64", help="default: float64")
    _common(trace)
    add_commands(commands)
    vectors_options.add_commands(commands)
    for command in add_report_commands(commands):
        _common(command)
    return top


def _add_campaign(commands: Any) -> None:
    campaign = commands.add_parser("campaign", help="judge many subjects on many cases, on many workers; resumable")
    campaign.add_argument("file", metavar="FILE.toml", help="subjects, families, seeds, dtypes, devices")
    campaign.add_argument("--out", metavar="DIR", help="where finished cells are kept (default: FILE.campaign)")
    campaign.add_argument("--jobs", type=int, metavar="N", help="workers here (default: one a core; 1: this process)")
    campaign.add_argument("--scheduler", metavar="tcp://...", help="a running Dask scheduler, in place of --jobs")
    _common(campaign)


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--quiet", action="store_true", help="print the verdict line only")
    command.add_argument("--no-color", action="store_true", help="no colours (NO_COLOR does the same)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    made = parser()
    options = made.parse_args(arguments)
    if options.version:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - for this option only

        try:
            print(f"backproof {version('backproof')}")
        except PackageNotFoundError:
            print("backproof (a source tree that is not installed)")
        return 0
    if options.command is None:
        made.print_help(sys.stderr)
        return EXIT_USAGE
    try:
        return _run(options)
    except BrokenPipeError:
        # The reader of our output has gone: say nothing more, and keep the interpreter from trying again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("backproof: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    errors = import_module("backproof.errors")
    command = import_module(f"backproof.cli.{options.command}_command")
    try:
        return int(command.run(options))
    except errors.BackproofError as error:
        print(f"backproof: {error}", file=sys.stderr)
        return EXIT_USAGE if isinstance(error, errors.UsageError) else EXIT_BROKEN
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001 - exit 1 would say that the subject deviates
        import traceback  # noqa: PLC0415 - for this message only

        traceback.print_exc()
        print(
            f"backproof: the kit itself failed ({type(error).__name__}); please report the lines above", file=sys.stderr
        )
        return EXIT_BROKEN
