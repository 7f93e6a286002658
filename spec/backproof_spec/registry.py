"""The registry of clauses: every normative statement, once, with its permanent id and slug.

The registry is the single source for `backproof list clauses`, `backproof explain`, the reports, the equation page
and the coverage matrix. No formula is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class UnknownClauseError(KeyError):
    """No clause has this id or slug; the message lists the nearest ones."""

    def __str__(self) -> str:
        """Return the message without the quotes that KeyError puts around it."""
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Clause:
    """One normative statement of the article (or of the kit: the behaviour clauses B-*).

    An *observed* clause is judged on numbers. A *derived* one is an identity that no subject can show by itself: it
    is proved, and takes the status of its carriers (`via`).
    """

    id: str
    slug: str
    section: str
    latex: str
    function: Callable[..., Any]
    image: str | None = None
    via: tuple[str, ...] = ()

    @property
    def observed(self) -> bool:
        """Whether the clause is judged on numbers of its own."""
        return not self.via

    @property
    def statement(self) -> str:
        """The first sentence of the docstring of the clause's function."""
        return (self.function.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


_CLAUSES: dict[str, Clause] = {}
_FAMILIES = "EAMXVB"


def clause(
    id: str,  # noqa: A002 - the word of the article's table of equations
    *,
    slug: str,
    section: str,
    latex: str,
    image: str | None = None,
    via: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Register the decorated function as the clause `id`; refuse an id or a slug that is taken."""

    def register(function: Function) -> Function:
        taken = [c for c in _CLAUSES.values() if id == c.id or slug == c.slug]
        if taken:
            msg = f"clause {id} `{slug}`: id or slug already registered as {taken[0].id} `{taken[0].slug}`"
            raise ValueError(msg)
        _CLAUSES[id] = Clause(id, slug, section, latex, function, image, via)
        return function

    return register


def clauses() -> Iterator[Clause]:
    """Yield every registered clause in the article's order: E1 to E28, A1, M1 to M3, X1 to X6, V1, then B-*."""
    yield from sorted(_CLAUSES.values(), key=_article_order)


def _article_order(clause: Clause) -> tuple[int, int]:
    digits = clause.id[1:]
    return _FAMILIES.index(clause.id[0]), int(digits) if digits.isdigit() else 0


def clause_of(function: Callable[..., Any]) -> Clause:
    """Return the clause that a function is registered as. Raises UnknownClauseError for any other function."""
    for candidate in _CLAUSES.values():
        if candidate.function is function:
            return candidate
    msg = f"{getattr(function, '__name__', function)!r} is the function of no clause"
    raise UnknownClauseError(msg)


def get_clause(name: str) -> Clause:
    """Return the clause with this id or slug, whatever the case of the letters.

    Raises UnknownClauseError, naming the clauses whose names come near.
    """
    wanted = name.strip().lower()
    for candidate in _CLAUSES.values():
        if wanted in (candidate.id.lower(), candidate.slug):
            return candidate
    from difflib import get_close_matches  # noqa: PLC0415 - needed for the message only

    known = {word: c for c in _CLAUSES.values() for word in (c.id.lower(), c.slug)}
    close = get_close_matches(wanted, known, n=3)
    near = [known[word].id if word == known[word].id.lower() else word for word in close] or [
        c.id for c in _CLAUSES.values()
    ]
    msg = f"no clause {name!r}; expected an id such as E17 or a slug such as delta-rule; nearest: {', '.join(near)}"
    raise UnknownClauseError(msg)
