"""Every clause of the article is proved by SymPy or on exact numbers, and every proof can fail."""

from __future__ import annotations

import pytest
from spec_proof import assert_same
from spec_proofs import _MODULES, PROOFS
from spec_proofs_output import pair_deltas
from spec_symbolic import symbols

from backproof_spec import LOSSES, activation, clauses, get_clause

ALTERED = [(clause, mistake) for clause, proof in PROOFS.items() for mistake in proof.altered]


@pytest.mark.parametrize("clause", PROOFS)
def test_clause_is_proved(clause: str) -> None:
    """The registered function of the clause passes the clause's proof."""
    PROOFS[clause].check(get_clause(clause).function)


@pytest.mark.parametrize(("clause", "mistake"), ALTERED, ids=[f"{clause}-{mistake}" for clause, mistake in ALTERED])
def test_altered_formula_is_rejected(clause: str, mistake: str) -> None:
    """The clause's proof rejects a formula with this mistake: by an assertion, not by breaking down."""
    with pytest.raises(AssertionError):
        PROOFS[clause].check(PROOFS[clause].altered[mistake])


def test_every_clause_has_a_proof_that_can_fail() -> None:
    """The table holds exactly the registered clauses of the article, each once and with a mistake to reject."""
    registered = [clause.id for clause in clauses() if not clause.id.startswith("B-")]
    assert sorted(PROOFS) == sorted(registered)
    assert len(PROOFS) == sum(len(module.PROOFS) for module in _MODULES)
    assert [clause for clause, proof in PROOFS.items() if not proof.altered] == []


@pytest.mark.parametrize("k", [1, 2, 3])
def test_multiclass_delta_is_false_for_labels_that_do_not_sum_to_one(k: int) -> None:
    """Without sum(y) = 1 the softmax delta is o_i sum(y) - y_i: E25 is then wrong, and E22 still right."""
    f, loss, labels = activation("softmax"), LOSSES["cross_entropy"], symbols("y", 2, k)
    outputs, expected = pair_deltas("softmax", "cross_entropy", labels)
    assert_same(outputs * labels.sum(axis=1)[:, None] - labels, expected, "o sum(y) - y", rational=True)
    general = get_clause("E22").function(loss.derivative(labels, outputs), f.derivative(symbols("z", 2, k)))
    assert_same(general, expected, "E22", rational=True)
    with pytest.raises(AssertionError):
        assert_same(get_clause("E25").function(f, loss, labels, outputs), expected, "E25", rational=True)
