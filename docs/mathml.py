"""Formulas as MathML, drawn by the browser itself: the pages need no network and no scripts of others."""

from __future__ import annotations

from typing import Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert


def _inline(self: Any, node: Any) -> None:
    self.body.append(convert(node.astext()))
    raise SkipNode


def _displayed(self: Any, node: Any) -> None:
    self.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise SkipNode


def setup(app: Any) -> None:
    """Let Sphinx draw formulas so."""
    app.add_html_math_renderer("mathml", (_inline, None), (_displayed, None))
