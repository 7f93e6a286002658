"""The matrix as a page, clauses by subjects, each cell linked to its evidence; and a badge for each subject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from backproof.page.rendering import render

CHARACTER, MARGIN = 7, 20
TONES = {"conforms": "#1a7f37", "deviates": "#b3261e", "broken": "#b3261e", "incomplete": "#8a5a00"}
OTHER_TONE = "#57606a"


def matrix_page(data: dict[str, Any]) -> str:
    """Return the page of a matrix `backproof/matrix/1`, as HTML."""
    names = _slugs([subject["name"] for subject in data["subjects"]])
    subjects = [{**subject, "anchor": name} for subject, name in zip(data["subjects"], names, strict=True)]
    return render(
        "matrix.html.j2",
        title="backproof: clauses by implementations",
        data=data,
        judged=[subject for subject in subjects if subject["clauses"]],
        subjects=subjects,
        observed=[clause for clause in data["clauses"] if clause["observed"]],
    )


def badge(name: str, verdict: str) -> str:
    """Return the badge of a subject as SVG: the word backproof, and its verdict."""
    left, right = (CHARACTER * len(word) + MARGIN for word in ("backproof", verdict))
    return render(
        "badge.svg.j2", name=name, verdict=verdict, left=left, right=right, tone=TONES.get(verdict, OTHER_TONE)
    )


def badge_names(names: Sequence[str]) -> list[str]:
    """Return a file name for the badge of each subject, each its own."""
    return [f"{name}.svg" for name in _slugs(names)]


def _slugs(names: Sequence[str]) -> list[str]:
    """Return the names as words that are good for files and anchors; equal ones are numbered."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        word = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "subject"
        seen[word] = seen.get(word, 0) + 1
        found.append(word if seen[word] == 1 else f"{word}-{seen[word]}")
    return found
