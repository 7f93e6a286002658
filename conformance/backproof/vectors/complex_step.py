"""The deltas by complex step in ball arithmetic: an oracle that knows the forward formulas alone.

E(z + ih e_i) = E(z) + ih dE/dz_i + O(h^2), so Im E / h is the derivative. With balls and h = 2^-300 nothing is lost to
rounding, so that the disagreement with the deltas of the spec is the same number on every machine.
"""

from __future__ import annotations

import flint
import numpy as np
from flint import acb, arb

from backproof.balls import Array, ball, balls, precision
from backproof.case import Case
from backproof.truth import exact_nodes
from backproof.walk import Key, ball_network
from backproof_spec import Layer, Network, elementary, net_input

SHIFT = 300
BITS = 4 * SHIFT  # the radius of a net input must stay far below h, and h^2 below what is found


def _by_sign(z: acb, negative: acb, zero: acb, positive: acb) -> acb:
    if z.real == 0:
        return acb(zero)
    if not (z.real > 0 or z.real < 0):
        return acb(flint.arb.nan())
    return acb(positive if z.real > 0 else negative)


elementary.register(
    acb,
    {
        "exp": lambda x: x.exp(),
        "expm1": lambda x: x.expm1(),
        "log": lambda x: x.log(),
        "log1p": lambda x: x.log1p(),
        "sqrt": lambda x: x.sqrt(),
        "tanh": lambda x: x.tanh(),
        "normal_cdf": lambda x: (-x / acb(2).sqrt()).erfc() / 2,
        "pi": lambda _: acb(arb.pi()),
        "xlogy": lambda x, y: acb(0) if x == 0 else x * acb(y).log(),
        "xdivy": lambda x, y: acb(0) if x == 0 else x / y,
        "by_sign": _by_sign,
    },
)

_complex = np.frompyfunc(acb, 1, 1)
_slope = np.frompyfunc(lambda value: acb(value).imag * arb(2) ** SHIFT, 1, 1)
_apart = np.frompyfunc(lambda one, other: float((one - other).abs_upper()), 2, 1)


def complex_step_errors(case: Case, bits: int) -> list[dict[Key, Array]]:
    """Return |complex step - delta| for every delta of every update; no net input may be 0 at a kink.

    bits: the precision that the exact values need.
    """
    found = []
    with precision(BITS + bits):
        network = ball_network(case)
        for nodes, batch in zip(exact_nodes(case), case.batches, strict=True):
            labels = _complex(balls(case.y[list(batch)]))
            found.append(
                {
                    ("deltas", layer): _apart(
                        _deltas(case, network[layer - 1 :], nodes["net_inputs", layer].reference, labels),
                        nodes["deltas", layer].reference,
                    ).astype(float)
                    for layer in range(1, case.depth + 1)
                }
            )
            network = tuple(
                Layer(
                    nodes["weights", n].reference,
                    nodes["biases", n].reference if ("biases", n) in nodes else None,
                    layer.activation,
                    layer.mask,
                )
                for n, layer in enumerate(network, 1)
            )
    return found


def _deltas(case: Case, network: Network, z: Array, labels: Array) -> Array:
    columns = []
    for i in range(z.shape[1]):
        raised = np.asarray(_complex(z), dtype=object)
        raised[:, i] = raised[:, i] + acb(0, arb(2) ** -SHIFT)
        a = network[0].activation(raised)
        for layer in network[1:]:
            a = layer.activation(net_input(layer.weights, layer.biases, a))
        error = ball(case.conventions.error_scale(case.loss, case.widths[-1], len(z)))
        columns.append(_slope(case.loss_rule(labels, a)) * error)
    return np.stack(columns, axis=1)
