"""The table of proofs: one for each clause, assembled from the modules that hold them.

spec_proofs_forward      E1 to E6, E18 to E20
spec_proofs_gradient     E7 to E11
spec_proofs_delta        E12 to E17, E21
spec_proofs_output       E22 to E25
spec_proofs_descent      E26 to E28, M1 to M3
spec_proofs_algorithm    A1
spec_proofs_example      X1 to X6, V1
"""

from __future__ import annotations

from collections.abc import Mapping

import spec_proofs_algorithm
import spec_proofs_delta
import spec_proofs_descent
import spec_proofs_example
import spec_proofs_forward
import spec_proofs_gradient
import spec_proofs_output
from spec_proof import Proof

_MODULES = (
    spec_proofs_forward,
    spec_proofs_gradient,
    spec_proofs_delta,
    spec_proofs_output,
    spec_proofs_descent,
    spec_proofs_algorithm,
    spec_proofs_example,
)

PROOFS: Mapping[str, Proof] = {clause: proof for module in _MODULES for clause, proof in module.PROOFS.items()}
