"""Small SVG plots of what the benchmarks print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "backproof", "font.size": 9})


def lines(
    path: Path, series: Mapping[str, Sequence[tuple[float, float]]], *, x: str, y: str, level: float | None = None
) -> None:
    """Write lines over two logarithmic axes; level: a horizontal line, the target."""
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel=x, ylabel=y)
    for (name, points), marker in zip(series.items(), "osd^v<>", strict=False):
        axes.plot(*zip(*points, strict=True), marker=marker, markersize=4, linewidth=1, label=name)
    if level is not None:
        axes.axhline(level, color="0.4", linewidth=1, linestyle="--")
    axes.grid(visible=True, which="major", linewidth=0.4)
    axes.legend(frameon=False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
