"""The quick tests of whole arrays (`screening`), of one mind with `validation`."""

import numpy as np
import pytest
from numpy_networks import DTYPES

from backproof_numpy import DomainError
from backproof_numpy.screening import label_screen
from backproof_numpy.validation import check_labels

EPS, TINY = float(np.finfo("float32").eps), float(np.finfo("float32").tiny)
ROWS = {
    "one-hot": ([0, 1, 0], {"finite", "unit", "distribution"}),
    "thirds": ([1 / 3, 1 / 3, 1 / 3], {"finite", "unit", "distribution"}),
    "unit only": ([0.5, 0.75, 1], {"finite", "unit"}),
    "sums to 1 with a negative": ([1, 0.5, -0.5], {"finite"}),
    "barely negative": ([-TINY, 1, 0], {"finite"}),
    "barely above 1": ([1 + EPS, 0, 0], {"finite"}),
    "NaN": ([np.nan, 1, 0], set()),
    "both infinities": ([np.inf, -np.inf, 1], set()),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", ["finite", "unit", "distribution"])
@pytest.mark.parametrize("name", ROWS)
def test_screen_and_validation_decide_alike(name, rule, dtype):
    """Each row is accepted by exactly its rules, by the screen and by `check_labels`."""
    row, rules = ROWS[name]
    labels = np.array([[0, 0, 1], row], dtype)
    with np.errstate(all="raise"):
        accepted = label_screen(rule, labels.shape, labels.dtype)(labels)
    assert accepted == (rule in rules)
    if accepted:
        check_labels(rule, labels)
    else:
        with pytest.raises(DomainError):
            check_labels(rule, labels)


def test_a_screen_forgets_the_array_before():
    """After a refusal the same screen accepts good labels, and the other way round."""
    screen = label_screen("distribution", (1, 2), np.dtype(float))
    verdicts = [screen(np.array([row])) for row in ([0.5, 0.5], [0.5, 0.25], [np.nan, 1], [1.0, 0.0])]
    assert verdicts == [True, False, False, True]
