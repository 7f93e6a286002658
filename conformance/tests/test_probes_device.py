"""What a large network shows on another device: its rows come over as they are judged, never a whole matrix."""

import pytest
from foreign_arrays import on_device
from probe_networks import large, transposed, update

from backproof.conventions import Conventions
from backproof.errors import ObservationError
from backproof.judge.findings import Status
from backproof.probes import judge_by_probes


@pytest.mark.parametrize("direct", [False, True], ids=["samples", "dE/da"])
@pytest.mark.parametrize("turned", [False, True], ids=["article", "turned"])
def test_what_lies_on_another_device_is_judged_in_blocks_and_alike(turned, direct):
    """No whole matrix comes over; a wrong element is found there as it is in memory."""
    case = large("relu", widths=(1024, 1024, 512), samples=256)
    plain, taken, place = update(case, direct=direct), [], (700, 3)
    if turned:
        case = case.under(Conventions(weight_layout="in_out", batch_axis=1))
        plain, place = transposed(plain), place[::-1]
    assert judge_by_probes(case, on_device(plain, taken=taken)).findings == judge_by_probes(case, plain).findings
    assert max(taken) <= plain["weights"][0].nbytes / 4
    wrong = plain["weight_gradients"][0].copy()
    wrong[place] *= 100
    plain["weight_gradients"][0] = wrong
    found = judge_by_probes(case, on_device(plain, taken=taken)).findings
    assert found == judge_by_probes(case, plain).findings
    assert "E11" in {finding.clause for finding in found if finding.status is Status.DEVIATES}


def test_what_cannot_leave_its_device_is_named():
    message = r"net_inputs of layer 1: its DLPack cannot be read: it lies on DLPack device \(2, 0\).*detach it"
    with pytest.raises(ObservationError, match=message):
        judge_by_probes(large(), on_device(update(large()), moves=False))
