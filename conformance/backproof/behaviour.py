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


@clause(
    "B-inputs",
    slug="inputs-not-mutated",
    section=SECTION,
    latex=r"x_{\text{after}} = x, \quad y_{\text{after}} = y",
)
def inputs_not_mutated(before: Any, after: Any) -> Any:
    """The samples, labels and masks are the same after a call; the parameters are the network's own to update.

    before, after: an array handed to the subject, of any shape; returns their difference, which must be exactly 0.
    """
    return after - before


@clause("B-repeat", slug="same-call-twice", section=SECTION, latex=r"q_{\text{again}} = q")
def same_call_twice(shown: Any, again: Any) -> Any:
    """The same call twice shows the same, within the bounds of both: nothing is random, nothing is added up.

    shown, again: a quantity of any shape; returns their difference.
    """
    return again - shown


@clause("B-state", slug="nothing-kept-between-calls", section=SECTION, latex=r"q_{\text{after other calls}} = q")
def nothing_kept_between_calls(shown: Any, later: Any) -> Any:
    """The same call after other calls shows the same, within the bounds of both: nothing accumulates between calls.

    shown, later: a quantity of any shape; returns their difference.
    """
    return later - shown


@clause(
    "B-memory",
    slug="memory-order-irrelevant",
    section=SECTION,
    latex=r"q_{\text{strided}} = q_{\text{contiguous}}",
)
def memory_order_irrelevant(shown: Any, strided: Any) -> Any:
    """Columns in memory, or elements apart, show the same as contiguous rows, within the bounds of both.

    shown, strided: a quantity of any shape; returns their difference.
    """
    return strided - shown


@clause(
    "B-permuted",
    slug="permuted-batch",
    section=SECTION,
    latex=r"q_i(x_\pi) = q_{\pi(i)}(x), \quad \nabla E(x_\pi) = \nabla E(x)",
)
def permuted_batch(shown: Any, permuted: Any, order: Any = None) -> Any:
    """A batch in another order shows the same rows in that order, and the same sums, within the bounds of both.

    shown, permuted: a quantity of any shape; order: the place in the batch of each row, for a quantity with a row for
    each sample, else None; returns the difference.
    """
    return permuted - (shown if order is None else shown[order])


@clause(
    "B-concatenated",
    slug="concatenated-batch",
    section=SECTION,
    latex=r"\nabla E(x_1 \cup x_2) = c_1 \nabla E(x_1) + c_2 \nabla E(x_2)",
)
def concatenated_batch(whole: Any, first: Any, second: Any, weights: tuple[Any, Any] = (1, 1)) -> Any:
    """A batch shows the sum of what its two parts show: c = 1 for a sum over the samples, n_part / n for a mean.

    whole, first, second: a quantity of the same shape; weights: c_1 and c_2; returns the difference.
    """
    return whole - (weights[0] * first + weights[1] * second)


@clause(
    "B-zero-error",
    slug="zero-error-zero-update",
    section=SECTION,
    latex=r"o = y \Rightarrow \delta = 0, \; w' = w",
)
def zero_error_zero_update(change: Any) -> Any:
    """Where every output equals its label exactly, every delta, gradient and change is exactly 0.

    change: deltas, gradients, or parameters after less before, of any shape; returned as it is.
    """
    return change
