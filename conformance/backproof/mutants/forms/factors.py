"""A factor that does not belong there: the same one sits in the deltas, the gradients or the steps, and in the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from backproof.balls import Array
from backproof.mutants.forms.form import Form
from backproof.mutants.steps import Here, Step

Factor = Callable[[Here], float]


def _mean(here: Here) -> float:
    return 1 / len(here.batch)


def _outputs(here: Here) -> float:
    return 1 / here.case.widths[-1]


def _nominal(size: Callable[[Here], int]) -> Factor:
    return lambda here: len(here.batch) / size(here)


def _first(here: Here) -> int:
    return len(here.case.batches[0])


def _largest(here: Here) -> int:
    return max(len(batch) for batch in here.case.batches)


def _of_all(here: Here) -> int:
    return here.case.samples


# By mutant, the factors that it may be; where the mean is declared, and where the sum is.
UNDER_MEAN: dict[str, tuple[Factor, ...]] = {
    "gradient-sum": (lambda here: len(here.batch),),
    "gradient-divided-twice": (_mean,),
    "gradient-by-nominal-batch": (_nominal(_first), _nominal(_largest), _nominal(_of_all)),
}
UNDER_SUM: dict[str, tuple[Factor, ...]] = {
    "gradient-mean": (_mean,),
    "gradient-sum": (lambda here: len(here.batch),),
    "gradient-divided-twice": (lambda here: _mean(here) ** 2,),
    "gradient-by-nominal-batch": (
        _nominal(_first),
        _nominal(_largest),
        lambda here: 1 / _first(here),
        lambda here: 1 / _largest(here),
    ),
}
UNDER_BOTH: dict[str, tuple[Factor, ...]] = {
    "gradient-by-outputs": (_outputs,),
    "output-delta-by-outputs": (_outputs,),
    "output-delta-half": (lambda here: 0.5,),
    "output-delta-double": (lambda here: 2.0,),
    "output-delta-sign": (lambda here: -1.0,),
    "ascent": (lambda here: -1.0,),
    "rate-half": (lambda here: 0.5,),
}
SITES: tuple[tuple[str, ...], ...] = (
    ("delta_at_output",),
    ("gradient", "bias_gradient"),
    ("gradient",),
    ("update",),
)


def forms_of_factor(name: str, reduction: str) -> Iterator[Form]:
    """Yield a factor in every place where it may sit, and in the loss as well or not."""
    under = UNDER_MEAN if reduction == "mean" else UNDER_SUM
    for factor in (*under.get(name, ()), *UNDER_BOTH.get(name, ())):
        for steps in SITES:
            form: Form = tuple((step, _longer(factor) if step == "update" else times(factor)) for step in steps)
            yield form
            yield (*form, ("loss", times(factor)))


def times(factor: Factor) -> Step:
    """Return a step whose result is multiplied."""

    def wrong(right: Step, here: Here, *arguments: Any) -> Any:
        return here.number(factor(here)) * right(here, *arguments)

    return wrong


def _longer(factor: Factor) -> Step:
    """Return an update whose step is multiplied."""

    def wrong(right: Step, here: Here, parameters: Array, by_parameter: Array) -> Array:
        return right(here, parameters, here.number(factor(here)) * by_parameter)

    return wrong
