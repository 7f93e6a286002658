"""Numbers of very different size side by side: bars on one log scale, as shares of the width from 0 to 100."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backproof.page.rendering import number

MOST_TICKS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its label, its value as text, the end of its bar, and what it is (a class of the style sheet).

    second: the end of a value beside it, such as the exact one, and its text.
    """

    label: str
    text: str
    end: float
    kind: str
    second: float | None = None
    second_text: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Rows on one log scale; ticks: places and labels; limit: the place of the limit, where there is one."""

    caption: str
    rows: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    limit: float | None = None
    limit_text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One value to be drawn, and the one beside it."""

    label: str
    value: float
    kind: str = "plain"
    second: float | None = None


@dataclass(frozen=True, slots=True)
class _Scale:
    low: int
    high: int

    def place(self, value: float) -> float:
        """Return the share of the width; zero stands at the left end, what is not finite at the right one."""
        if not math.isfinite(value):
            return 100.0
        size = abs(value)
        if size == 0:
            return 0.0
        share = 100 * (math.log10(size) - self.low) / (self.high - self.low)
        return round(min(100.0, max(0.0, share)), 2)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        step = -(-(self.high - self.low) // MOST_TICKS)
        powers = range(self.low, self.high + 1, step)
        return tuple((self.place(10.0**power), _power(power)) for power in powers)


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _power(exponent: int) -> str:
    return "1" if exponent == 0 else f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def _scale(values: Iterable[float]) -> _Scale:
    sizes = [abs(value) for value in values if math.isfinite(value) and value != 0]
    if not sizes:
        return _Scale(-1, 1)
    low, high = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)))
    # One decade of room on the left, so that the smallest bar is still seen.
    return _Scale(low - 1, max(high, low + 1))


def bars(caption: str, rows: Sequence[Row], *, limit: float | None = None, limit_text: str = "") -> Bars:
    """Return rows placed on the log scale that holds all of them; limit: a value that is marked in every row."""
    seconds = [row.second for row in rows if row.second is not None]
    scale = _scale([*(row.value for row in rows), *seconds, *([] if limit is None else [limit])])
    placed = tuple(
        Bar(
            row.label,
            number(row.value),
            scale.place(row.value),
            row.kind,
            None if row.second is None else scale.place(row.second),
            "" if row.second is None else number(row.second),
        )
        for row in rows
    )
    return Bars(caption, placed, scale.ticks, None if limit is None else scale.place(limit), limit_text)
