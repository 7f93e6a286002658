"""The behaviour clauses: what must hold of any implementation, whatever its equations. No oracle is needed."""

from __future__ import annotations

from typing import Any

from backproof_spec import clause

SECTION = "Behaviour (not in the article)"


@clause(
    "B-own-loss",
    slug="own-reported-loss",
    section=SECTION,
    latex=r"\frac{E_{\text{reported}}}{E} = \frac{\nabla E_{\text{used}}}{\nabla E}",
)
def own_reported_loss(loss_factor: Any, gradient_factor: Any) -> Any:
    """The gradient that is used is the gradient of the loss that is reported, whatever the declared conventions.

    loss_factor: reported loss / E; gradient_factor: gradient / grad E, both at the exact values; returns their
    difference, which must vanish.
    """
    return loss_factor - gradient_factor
