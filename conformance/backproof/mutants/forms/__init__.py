"""The forms that one bug takes, for the diagnosis: what a mutant does in one place, people do in several.

A wrong derivative sits in the hidden layers, or at the output as well; momentum has other coefficients; what is wrong
is shown, or is used and never shown. The kill matrix runs a mutant as the catalogue has it; the diagnosis compares
every form. A form is a tuple of (step, what takes its place).
"""

from __future__ import annotations

from collections.abc import Iterator

from backproof.mutants.forms import behaviour, deltas, descent, factors, forward, gradients, losses, sites, slopes
from backproof.mutants.forms.form import Form
from backproof.mutants.machine import Machine
from backproof.mutants.mutant import Mutant

OWN = [module.FORMS for module in (forward, losses, deltas, slopes, gradients, descent, behaviour)]
BY_NAME = {name: [forms[name] for forms in OWN if name in forms] for forms in OWN for name in forms}


def forms(mutant: Mutant, reduction: str) -> Iterator[Machine]:
    """Yield the machine of every form that a mutant has under a reduction, the catalogue's own first.

    Of a mutant of behaviour, those alone in which a single call is wrong already.
    """
    if reduction not in mutant.reductions:
        return
    if not mutant.of_behaviour:
        yield mutant.machine()
    for form in further_forms(mutant, reduction):
        machine = Machine()
        for step, wrong in form:
            machine = machine.with_step(step, wrong)
        yield machine


def further_forms(mutant: Mutant, reduction: str) -> Iterator[Form]:
    """Yield every form but the catalogue's own: those of its step, of its factor, and its own."""
    yield from sites.forms_of_step(mutant)
    yield from factors.forms_of_factor(mutant.name, reduction)
    for own in BY_NAME.get(mutant.name, ()):
        yield from own()
