"""The page of the equations, made of the registry of clauses: formula, code, proof, cases, mutants of each."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import backproof.behaviour  # noqa: F401 - registers the behaviour clauses
from backproof.catalogue import all_cases
from backproof.mutants import MUTANTS
from backproof.verdict import exercises
from backproof_spec import Clause, clauses

ROOT = Path(__file__).parents[1]
SHOWN_CASES = 8
OPENING = """\
# The equations

Made of the registry of clauses when these pages are built: the formula, the code that is run, enclosed and proved, how
it is proved, the cases that exercise it, and the mutants that break it. `backproof explain delta-rule` prints the same
for one clause. An *observed* clause is judged on numbers of its own; a *derived* one is an identity that no subject can
show by itself, and takes the status of the clauses that carry it.
"""


def proofs() -> dict[str, Any]:
    """Return the proofs of the spec's tests by clause id; they need SymPy."""
    folder = str(ROOT / "spec" / "tests")
    sys.path.insert(0, folder)
    try:
        from spec_proofs import PROOFS  # noqa: PLC0415 - lies in a folder of tests
    finally:
        sys.path.remove(folder)
    return dict(PROOFS)


def equation_page() -> str:
    """Return the page as Markdown."""
    known = proofs()
    lines = [OPENING]
    section = ""
    for clause in clauses():
        if clause.section != section:
            section = clause.section
            lines += [f"## {section}", ""]
        lines += _clause(clause, known.get(clause.id))
    return "\n".join(lines)


def _clause(clause: Clause, proof: Any) -> Iterator[str]:
    yield from (f"({clause.slug})=", f"### {clause.id} {clause.slug}", "")
    yield from (clause.statement, "", "$$", clause.latex, "$$", "")
    kind = "observed" if clause.observed else f"derived, judged via {', '.join(clause.via)}"
    image = f"; image `{clause.image}` of the article" if clause.image else ""
    yield from (f"**Kind**: {kind}{image}.", "")
    source = inspect.getsource(clause.function)
    yield from ("```python", source[source.index("def ") :].rstrip(), "```", "")
    yield from (f"**Proof**: {_proof(proof)}", "")
    slugs = [case.slug for case in all_cases("float64") if exercises(case, clause)]
    more = f" and {len(slugs) - SHOWN_CASES} more" if len(slugs) > SHOWN_CASES else ""
    named = ", ".join(f"`{slug}`" for slug in slugs[:SHOWN_CASES])
    yield from (f"**Cases** ({len(slugs)}): {named}{more}.", "")
    carriers = set(clause.via or (clause.id,))
    found = [mutant for mutant in MUTANTS if not carriers.isdisjoint(mutant.clauses)]
    through = "" if clause.observed else f", through {', '.join(clause.via)}"
    yield f"**Mutants** ({len(found)}{through})" + (":" if clause.observed and found else ".")
    yield ""
    if clause.observed:
        yield from (f"- `{mutant.name}`: {mutant.explanation}" for mutant in found)
        yield ""


def _proof(proof: Any) -> str:
    if proof is None:
        return "none: it is a rule of the kit on how a subject behaves, no equation."
    path = Path(inspect.getsourcefile(proof.check) or "").resolve().relative_to(ROOT)
    altered = "; ".join(proof.altered)
    return f"`{path}` accepts it and rejects {len(proof.altered)} altered formulas: {altered}."
