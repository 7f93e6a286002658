"""Local judgement: each clause at the subject's own upstream values. What fails here names the equation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from backproof.balls import Array, ball, balls, inflate, middle, radius
from backproof.case import Case
from backproof.judge.findings import Finding, Judged, Status, compare
from backproof.tolerance import Tolerance
from backproof.walk import Key, Node, Upstream, walk_update
from backproof_spec import Network, net_input, vanishing_gradient

Values = Mapping[Key, Array]
# Two samples whose net inputs agree to this share are not told apart by a glance at middles rounded to float64.
SAME_SAMPLE = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Kink:
    """The value of f'(0) that a shown delta implies at an exact zero: activation, value, its uncertainty, where."""

    activation: str
    value: float
    error: float
    layer: int
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LocalStep:
    """What local judgement found in one update, and the parameters that stand before the next one (balls).

    reduced: values that are not shown and must be of reduced accuracy, if what is shown is right.
    """

    findings: tuple[Finding, ...]
    network: Network
    kinks: tuple[Kink, ...] = ()
    recovered: Mapping[Key, tuple[Array, Array]] = field(default_factory=dict)
    reduced: frozenset[Key] = frozenset()


def judge_update(case: Case, step: int, network: Network, values: Values) -> LocalStep:
    """Judge one update of a subject, each clause at the subject's own upstream values.

    network: the parameters upstream (balls): the case's for update 1, then those that the subject showed after the
    update before; values: what the subject showed, float64, by (quantity, layer).
    """
    other = used_batch(case, step, network, values)
    batch, mode = case.batches[step - 1], []
    if other is not None:
        mode, batch = [_other_batch(case, step, other)], other
    recovered = recover(case, step, network, values)
    shown = {key: balls(value) for key, value in values.items()}
    shown |= {key: inflate(balls(value), error) for key, (value, error) in recovered.items()}
    nodes, after = walk_update(case, network, batch, Upstream(shown=shown))
    findings = _compare_all(case, step, nodes, values, recovered)
    relaxed = _relax(case, findings, shown)
    reduced: frozenset[Key] = frozenset()
    if relaxed is not None:
        nodes, after = walk_update(case, network, batch, relaxed)
        findings, reduced = _relaxed(findings, _compare_all(case, step, nodes, values, recovered), relaxed)
    if "worked-example" in case.flags and step == 1:
        findings.extend(_vanishing(case, values))
    kinks = tuple(_kinks(case, nodes, values, network))
    return LocalStep((*mode, *findings), after, kinks, recovered, reduced)


def used_batch(case: Case, step: int, network: Network, values: Values) -> tuple[int, ...] | None:
    """Return the samples that an update was made with, where its first net inputs belong to others than the case's.

    None where they are the case's own, or no samples of the case at all.
    """
    shown, layer = values.get(("net_inputs", 1)), network[0]
    if shown is None:
        return None
    everything = np.arange(len(case.x))
    z = net_input(layer.weights, layer.biases, balls(case.x))
    biases = None if layer.biases is None else middle(layer.biases)
    bound = Tolerance(case.dtype, case.conventions.precision).net_input(
        middle(layer.weights), biases, case.x.astype(np.float64), middle(z)
    )
    near = [
        everything[(np.abs(middle(z) - row) <= bound + radius(z) + SAME_SAMPLE * np.abs(row)).all(axis=1)]
        for row in shown
    ]
    batch = case.batches[step - 1]
    if any(len(rows) == 0 for rows in near) or all(own in rows for own, rows in zip(batch, near, strict=True)):
        return None
    return tuple(int(rows[0]) for rows in near)


def _other_batch(case: Case, step: int, used: tuple[int, ...]) -> Finding:
    wanted = ", ".join(map(str, case.batches[step - 1]))
    return Finding(
        clause=case.mode,
        quantity="net_inputs",
        case=case.slug,
        dtype=case.dtype,
        step=step,
        layer=0,
        judged=Judged.LOCAL,
        status=Status.DEVIATES,
        ratio=float("inf"),
        message=f"it was made with the samples {', '.join(map(str, used))}; the case gives {wanted}",
    )


def _compare_all(
    case: Case, step: int, nodes: list[Node], values: Values, recovered: Mapping[Key, tuple[Array, Array]]
) -> list[Finding]:
    smallest = Tolerance(case.dtype).smallest
    several = len(case.batches[step - 1]) > 1
    findings = []
    for node in nodes:
        key = (node.quantity, node.layer)
        given, error = (values[key], 0.0) if key in values else recovered.get(key, (None, 0.0))
        trivial = node.clause == "E26" and (_gradient_of(node), node.layer) in recovered
        if given is None or trivial:
            continue
        result = compare(
            given,
            node.reference,
            node.bound + error,
            reduced=None if node.reduced is None else node.reduced + error,
            at_least=node.at_least,
            smallest=smallest,
        )
        findings.append(
            Finding(
                clause=node.clause,
                quantity=node.quantity,
                case=case.slug,
                dtype=case.dtype,
                step=step,
                layer=node.layer,
                judged=Judged.LOCAL,
                recovered=key in recovered,
                carries=("E3",) if node.quantity == "loss" and several else (),
                **result.fields(),
            )
        )
    return findings


def _relax(case: Case, findings: list[Finding], shown: Mapping[Key, Array]) -> Upstream | None:
    """Return what a second look may assume, or None where a second look would change nothing.

    Function values that are not shown may be of reduced accuracy; and where a shown activation deviates, f' and the
    output may have been taken from it: what is then consistent is a consequence, no deviation of its own.
    """
    if not any(finding.status is Status.DEVIATES for finding in findings):
        return None
    keys = [(quantity, number) for quantity in ("activations", "deltas") for number in range(1, case.depth + 1)]
    hidden = frozenset(key for key in keys if key not in shown)
    wrong = {f.layer for f in findings if f.quantity == "activations" and f.status is Status.DEVIATES}
    if not hidden and not wrong:
        return None
    return Upstream(shown=shown, reduced=hidden, by_activation=frozenset(wrong))


def _relaxed(first: list[Finding], second: list[Finding], upstream: Upstream) -> tuple[list[Finding], frozenset[Key]]:
    """Return the findings after the second look: the first ones, but for deviations that it explains."""
    findings: list[Finding] = []
    reduced: frozenset[Key] = frozenset()
    for strict, loose in zip(first, second, strict=True):
        explained = strict.status is Status.DEVIATES and loose.status is not Status.DEVIATES
        if explained and not upstream.by_activation:
            findings.append(replace(loose, status=Status.REDUCED))
            reduced = upstream.reduced
        else:
            findings.append(loose if explained else strict)
    return findings, reduced


def _gradient_of(node: Node) -> str:
    return "weight_gradients" if node.quantity == "weights" else "bias_gradients"


def recover(case: Case, step: int, network: Network, values: Values) -> dict[Key, tuple[Array, Array]]:
    """Return what updated parameters tell of gradients and deltas that were not shown: (value, its uncertainty).

    g = (w - w') / alpha, uncertain by u (2.1 |alpha g| + |w| + |alpha g|) / alpha; on a single sample the gradient of
    the biases is the delta.
    """
    model, rate = Tolerance(case.dtype), case.learning_rate
    found: dict[Key, tuple[Array, Array]] = {}
    for number, layer in enumerate(network, 1):
        for name, gradient_name, before in (
            ("weights", "weight_gradients", layer.weights),
            ("biases", "bias_gradients", layer.biases),
        ):
            if before is None or (name, number) not in values or (gradient_name, number) in values:
                continue
            gradient = (before - balls(values[name, number])) / ball(rate)
            value = middle(gradient)
            error = model.update(middle(before), value, rate) / rate + radius(gradient)
            if name == "weights" and layer.mask is not None:
                value, error = np.where(layer.mask, value, 0.0), np.where(layer.mask, error, 0.0)
            found[gradient_name, number] = (value, error)
        if len(case.batches[step - 1]) == 1 and ("deltas", number) not in values:
            by_bias = ("bias_gradients", number)
            given = (values[by_bias], np.zeros(1)) if by_bias in values else found.get(by_bias)
            if given is not None:
                found["deltas", number] = (given[0][None, :], np.broadcast_to(given[1], given[0].shape)[None, :])
    return found


def _vanishing(case: Case, values: Values) -> list[Finding]:
    deltas = [values.get(("deltas", number)) for number in range(1, case.depth + 1)]
    shown = [delta for delta in deltas if delta is not None]
    if len(shown) < case.depth:
        return []
    largest = [float(np.abs(delta).max()) for delta in shown]
    sizes = ", ".join(f"{value:.4f}" for value in largest)
    return [
        Finding(
            clause="V1",
            quantity="deltas",
            case=case.slug,
            dtype=case.dtype,
            step=1,
            layer=0,
            judged=Judged.LOCAL,
            status=Status.PASSED if vanishing_gradient(shown) else Status.DEVIATES,
            ratio=0.0 if vanishing_gradient(shown) else float("inf"),
            message=f"largest |delta| of layers 1 to {case.depth}: {sizes}",
        )
    ]


def _kinks(case: Case, nodes: list[Node], values: Values, network: Network) -> list[Kink]:
    """Return f'(0) as the subject's own deltas imply it, wherever a net input is exactly 0."""
    net_inputs = {node.layer: node for node in nodes if node.quantity == "net_inputs"}
    found = []
    for number, layer in enumerate(case.layers[:-1], 1):
        needed = ("deltas", number), ("deltas", number + 1)
        if layer.activation.kink is None or not all(key in values for key in needed):
            continue
        z = values.get(("net_inputs", number), middle(net_inputs[number].reference))
        weights = middle(network[number].weights)
        s = values[needed[1]] @ weights
        absolute = np.abs(values[needed[1]]) @ np.abs(weights)
        u, terms = Tolerance(case.dtype).u, weights.shape[0] + 2
        for index in map(tuple, np.argwhere((z == 0) & (np.abs(s) > 2 * terms * u * absolute))):
            value = float(values[needed[0]][index] / s[index])
            error = float(terms * u * absolute[index] / abs(s[index]) * (1 + abs(value)))
            found.append(Kink(str(layer.activation), value, error, number, tuple(int(i) for i in index)))
    return found
