"""What a form is, and the pieces that several of them share."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.steps import Here, Step, stable, update

Form = tuple[tuple[str, Any], ...]


def right_update(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
    """Update biases as they should be, where the weights are not."""
    return update(here, parameters, by_parameter)


def for_loss(loss: str, wrong: Any) -> Step:
    """Return a step that is wrong for one loss only."""

    def only(right: Step, here: Here, *arguments: Any) -> Any:
        return wrong(right, here, *arguments) if here.case.loss == loss else right(here, *arguments)

    return only


def in_layers(where: str, wrong: Any) -> Step:
    """Return a step that is wrong in "hidden" layers, at the "output", or in "all" layers."""

    def there(right: Step, here: Here, *arguments: Any) -> Any:
        output = here.layer == here.case.depth
        chosen = where == "all" or (where == "output") == output
        return wrong(right, here, *arguments) if chosen else right(here, *arguments)

    return there


def at_net_input(right: Step, here: Here, z: Array, a: Array) -> Array:
    """Take f' from z, where the machine takes it from a."""
    return right(here, z, stable(here.rule, z))


def both(wrong: Any) -> Form:
    """Return the same mistake in the gradients of weights and of biases."""
    return ("gradient", wrong), ("bias_gradient", wrong)


def only_edges(here: Here, found: Array) -> Array:
    """Return a gradient with 0 where there is no edge."""
    return found if here.mask is None else np.where(here.mask, found, found.dtype.type(0))
