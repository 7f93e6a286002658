"""backproof tells anyone who wrote backpropagation whether it is right, and if not, which equation is broken and where.

    import backproof

    @backproof.subject(activations=["sigmoid"], losses=["log"])
    def my_net(case):
        ...
        return {"deltas": [...], "weights": [...], "biases": [...]}

    backproof.check(my_net)

Nothing is imported before it is used: neither NumPy nor torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.api import check as check
    from backproof.autograd.function import from_function as from_function
    from backproof.autograd.module import from_module as from_module
    from backproof.case import Case as Case
    from backproof.catalogue import all_cases as all_cases
    from backproof.catalogue import get_case as get_case
    from backproof.conventions import Conventions as Conventions
    from backproof.door import Subject as Subject
    from backproof.door import subject as subject
    from backproof.errors import BackproofError as BackproofError
    from backproof.loss_and_grad import from_loss_and_grad as from_loss_and_grad
    from backproof.parametrizing import parametrize as parametrize

_HOMES = {
    "check": "backproof.api",
    "Case": "backproof.case",
    "all_cases": "backproof.catalogue",
    "get_case": "backproof.catalogue",
    "Conventions": "backproof.conventions",
    "BackproofError": "backproof.errors",
    "Subject": "backproof.door",
    "from_function": "backproof.autograd.function",
    "from_loss_and_grad": "backproof.loss_and_grad",
    "from_module": "backproof.autograd.module",
    "parametrize": "backproof.parametrizing",
    "subject": "backproof.door",
}

__all__ = [
    "BackproofError",
    "Case",
    "Conventions",
    "Subject",
    "all_cases",
    "check",
    "from_function",
    "from_loss_and_grad",
    "from_module",
    "get_case",
    "parametrize",
    "subject",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        msg = f"module 'backproof' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
