"""Sphinx: the pages here, and the equations as the registry has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import backproof.behaviour  # noqa: F401 - registers the behaviour clauses
from backproof_spec import clauses

project = "backproof"
copyright = "2026, the backproof authors"  # noqa: A001 - Sphinx's name for it
extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
html_theme = "alabaster"
exclude_patterns = ["_build"]


def write_equations(app: Any) -> None:
    """Write the page of the equations from the registry, so that no formula is written twice."""
    lines = ["# The equations", "", "Generated from the registry of clauses.", ""]
    for clause in clauses():
        kind = "observed" if clause.observed else f"derived, judged via {', '.join(clause.via)}"
        image = f" Image `{clause.image}` of the article." if clause.image else ""
        lines += [f"## {clause.id} {clause.slug}", "", clause.statement, "", "$$", clause.latex, "$$", ""]
        lines += [f"{clause.section}; {kind}.{image}", ""]
    page = Path(app.srcdir) / "generated" / "equations.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text("\n".join(lines), encoding="utf-8")


def setup(app: Any) -> None:
    """Generate pages before the sources are read."""
    app.connect("builder-inited", write_equations)
