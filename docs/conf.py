"""Sphinx: the pages here, and the equations as the registry has them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from equation_page import equation_page

project = "backproof"
copyright = "2026, the backproof authors"  # noqa: A001 - Sphinx's name for it
extensions = ["myst_parser", "mathml"]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_theme = "alabaster"
html_theme_options = {"description": "Is your backpropagation right?", "fixed_sidebar": True, "page_width": "1080px"}
exclude_patterns = ["_build"]


def write_equations(app: Any) -> None:
    """Write the page of the equations from the registry, so that no formula is written twice."""
    page = Path(app.srcdir) / "generated" / "equations.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(equation_page(), encoding="utf-8")


def setup(app: Any) -> None:
    """Generate pages before the sources are read."""
    app.connect("builder-inited", write_equations)
