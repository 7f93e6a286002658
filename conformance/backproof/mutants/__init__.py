"""The mutants: a correct implementation with one named, seeded bug each. Seen in the wild, where a thread is named."""

from backproof.errors import UsageError
from backproof.mutants import behaviour, deltas, forward, numerics, updates
from backproof.mutants.machine import Machine
from backproof.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *forward.MUTANTS,
    *deltas.MUTANTS,
    *updates.MUTANTS,
    *numerics.MUTANTS,
    *behaviour.MUTANTS,
)


def get_mutant(name: str) -> Mutant:
    """Return the mutant of this name. Raises UsageError, naming those that come near."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed for the message only

    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    near = get_close_matches(name, [mutant.name for mutant in MUTANTS], n=3)
    msg = f"no mutant {name!r}; nearest: {', '.join(near) or 'none'} (backproof list mutants)"
    raise UsageError(msg)


__all__ = ["MUTANTS", "Machine", "Mutant", "get_mutant"]
