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
    from backproof.case import Case as Case
    from backproof.catalogue import all_cases as all_cases
    from backproof.catalogue import get_case as get_case
    from backproof.conventions import Conventions as Conventions
    from backproof.door import Subject as Subject
    from backproof.door import subject as subject
    from backproof.errors import BackproofError as BackproofError

_HOMES = {
    "check": "backproof.api",
    "Case": "backproof.case",
    "all_cases": "backproof.catalogue",
    "get_case": "backproof.catalogue",
    "Conventions": "backproof.conventions",
    "BackproofError": "backproof.errors",
    "Subject": "backproof.door",
    "subject": "backproof.door",
}

__all__ = [
    "BackproofError",
    "Case",
    "Conventions",
    "Subject",
    "all_cases",
    "check",
    "get_case",
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
