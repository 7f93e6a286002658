"""Templates and formulas: jinja2 fills the templates that ship, latex2mathml turns the registry's LaTeX into MathML.

Both are imported when a page is made and not before. MathML is drawn by the browser itself, so that a page needs
neither fonts nor scripts of others.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from latex2mathml.converter import convert
from markupsafe import Markup

from backproof_spec import get_clause

THIN = '<mspace width="0.167em"/>'
SYMBOLS = {
    "conforms": "✓",
    "reduced_accuracy": "≈",
    "deviates": "✗",
    "downstream": "↳",
    "expected": "◇",
    "errored": "!",
    "broken": "!",
    "incomplete": "…",
    "skipped": "·",
    "not_observed": "·",
    "not run": "·",
    "vacuous": "·",
}


@cache
def formula(clause: str, display: str = "inline") -> Markup:
    """Return the formula of a clause as MathML; display: inline or block."""
    made = convert(get_clause(clause).latex, display=display)
    # A function's name stands apart from its argument, as TeX has it.
    return Markup(made.replace("<mi>log</mi>", f"{THIN}<mi>log</mi>{THIN}"))  # noqa: S704 - the registry's own LaTeX


def prose(text: str) -> Markup:
    """Return a sentence with what stands in backticks as code."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def number(value: Any, digits: int = 4) -> str:
    """Return a number of the report as text; None is nothing, and what is not finite is a word there already."""
    return "" if value is None else value if isinstance(value, str) else f"{value:.{digits}g}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("backproof.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = number
    made.filters["prose"] = prose
    made.filters["words"] = lambda status: status.replace("_", " ")
    made.globals["formula"] = formula
    made.globals["symbols"] = SYMBOLS
    return made


def render(template: str, **values: Any) -> str:
    """Return a template of this package, filled."""
    return _environment().get_template(template).render(**values)
