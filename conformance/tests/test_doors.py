"""The reference implementation gives the same findings through every door, right or wrong, on all that a door carries.

A door is one entry of DOORS: a function from a folder to a subject, with the delta rule's f' left out where `wrong` is
true. The vectors are the same subject on the cases that their files hold. The programs are those that `backproof new`
writes: the same equations, summed in another order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from skeleton_tools import bug, made, ready

from backproof.api import check
from backproof.catalogue import all_cases
from backproof.loading import load_subject
from backproof.mutants import MUTANTS
from backproof.vectors.reading import VectorOracle, case_of, load
from backproof.wire.subject import command_subject, isolated_subject

pytestmark = pytest.mark.slow

DECLARED = {"activations": ("identity", "sigmoid", "tanh"), "losses": ("squared", "log")}  # by the skeletons
NOT_CARRIED = {"B-inputs", "B-memory"}  # a pipe hands nobody the arrays themselves
# Such a clause is judged on several quantities and layers at once, and names the worst: rounding decides which.
NAMES_THE_WORST = {"A1", "M1", "M2", "M3"}


def python_door(folder, *, wrong):
    del folder
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == "derivative-missing")
    reference = replace(load_subject("numpy"), **DECLARED)
    return replace(reference, run=mutant.machine()) if wrong else reference


def same_code(folder, *, wrong):
    """The subject of the Python door, in a process of its own."""
    text = f"from test_doors import python_door\n\nnet = python_door(None, wrong={wrong})\n"
    folder.mkdir()
    folder.joinpath("subject.py").write_text(text, encoding="utf-8")
    return isolated_subject(f"{folder / 'subject.py'}:net")


def skeleton(language):
    def door(folder, *, wrong):
        command = ready(language, folder)
        if wrong:
            bug(language, folder)
            made(language, folder)
        return command_subject(command.replace("./", f"{folder}/").replace("my_net.", f"{folder}/my_net."))

    return door


VECTORS = "the vectors"
DOORS = {
    VECTORS: python_door,
    "the same code behind a pipe": same_code,
    "Python behind a pipe": skeleton("python"),
    "JavaScript behind a pipe": skeleton("javascript"),
    "C behind a pipe": skeleton("c"),
}


def judged(subject, *, by_files=False):
    cases, further = all_cases(), []
    if by_files:
        vectors = load()
        cases = [case_of(vectors[case.slug]).as_dtype(case.dtype) for case in cases]
        further = [VectorOracle(vectors.values())]
    with subject:
        result = check(subject, cases, autograd=False, selected=False, further=further)
    assert result.report["errors"] == []
    return result


def findings(result, *, exact):
    """Return how often each finding is there; exact: name the place also where rounding decides which."""

    def named(f):
        worst = f.clause in NAMES_THE_WORST or f.clause.startswith("B-")
        place = () if worst and not exact else (f.quantity, f.layer)
        return (f.clause, f.case, f.dtype, f.step, str(f.judged), str(f.status), *place)

    asked = (f for f in result.judged.run.findings if f.clause not in NOT_CARRIED and f.source != VectorOracle.name)
    return Counter(named(f) for f in asked)


def without_behaviour(counted):
    return Counter({key: times for key, times in counted.items() if key[4] != "behaviour"})


@pytest.fixture(scope="module", params=[False, True], ids=["right", "wrong"])
def reference(request):
    """Return whether it is wrong, and the result of the Python door."""
    return request.param, judged(python_door(None, wrong=request.param))


@pytest.mark.parametrize("name", DOORS)
def test_a_door_gives_the_findings_of_the_python_door(name, reference, tmp_path):
    wrong, wanted = reference
    by_files = name == VECTORS
    exact = by_files or name == "the same code behind a pipe"
    result = judged(DOORS[name](tmp_path / "new", wrong=wrong), by_files=by_files)
    assert any(finding.source == VectorOracle.name for finding in result.judged.run.findings) is by_files
    results = result, wanted
    found, expected = (findings(result, exact=exact) for result in results)
    if wrong and not exact:  # how far two sums of a wrong delta are apart is decided by rounding
        found, expected = without_behaviour(found), without_behaviour(expected)
    assert (found - expected, expected - found) == (Counter(), Counter())


def test_the_wrong_one_deviates_and_the_right_one_does_not(reference):
    """The negative twin: two doors that carried nothing would agree as well."""
    wrong, wanted = reference
    assert {finding.clause for finding in wanted.judged.deviations} == ({"E17"} if wrong else set())
    assert len(findings(wanted, exact=True)) > 2500
