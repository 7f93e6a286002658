"""The large cases: nothing of them is stored, and they are judged by probes (`backproof check SUBJECT --case ...`).

They are no part of the catalogue that every subject is judged by: each takes a second or more, and up to gigabytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backproof.case import Case
from backproof.probes.case import LargeCase
from backproof_spec import activation

# slug: title, widths, samples, hidden activation, loss, seed
LARGE: Mapping[str, tuple[str, tuple[int, ...], int, str, str, int]] = {
    "large-1m": ("A million weights", (784, 800, 480, 10), 64, "relu", "cross_entropy", 901),
    "large-12m": ("12.6 million weights", (2048, 2048, 2048, 2048), 256, "relu", "cross_entropy", 902),
    "large-12m-tanh": ("12.6 million weights, tanh", (2048, 2048, 2048, 2048), 512, "tanh", "squared", 903),
    "large-50m": ("50 million weights", (4096, 4096, 4096, 4096), 512, "relu", "cross_entropy", 904),
    "large-100m": ("100 million weights", (5792, 5792, 5792, 5792), 256, "relu", "cross_entropy", 905),
    "large-1g": ("A billion weights", (18272, 18272, 18272, 18272), 256, "relu", "cross_entropy", 906),
}
LEARNING_RATE = 2.0**-12


def large_case(slug: str, dtype: str = "float32", **changes: Any) -> Case:
    """Return the large case with this slug; changes: arguments of LargeCase that differ."""
    title, widths, samples, hidden, loss, seed = LARGE[slug]
    arguments: dict[str, Any] = {
        "samples": samples,
        "hidden": activation(hidden),
        "loss": loss,
        "seed": seed,
        "title": title,
        "learning_rate": LEARNING_RATE,
        "dtype": dtype,
    }
    return LargeCase(slug, widths, **{**arguments, **changes})
