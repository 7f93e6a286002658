"""A case told step by step, as the article tells its example: every number with the equation that it comes from.

Neurons are numbered from 1 within their layer here, as in the article.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backproof.balls import Array, middle, precision
from backproof.case import Case
from backproof.truth import exact_nodes, needed_bits
from backproof.walk import Key, Node
from backproof_spec import SPECIAL_FORMS, clause_of, output_delta

WIDEST = 6


def trace(case: Case) -> Iterator[str]:
    """Yield the lines of a case's trace, from exact arithmetic; wide layers are told by their largest numbers.

    case: any case. The numbers are rounded to six digits for reading.
    """
    yield f"{case.slug}: {case.title}"
    yield f"network {'-'.join(map(str, case.widths))}, {case.loss} loss, alpha = {case.learning_rate:g}, {case.dtype}"
    with precision(needed_bits(case)):
        steps = exact_nodes(case)
    parameters = [(layer.weights, layer.biases) for layer in case.layers]
    for number, (batch, nodes) in enumerate(zip(case.batches, steps, strict=True), 1):
        values = {key: middle(node.reference) for key, node in nodes.items()}
        yield ""
        yield f"update {number}: samples {', '.join(map(str, batch))}"
        yield from _update(case, batch, parameters, nodes, values)
        parameters = [(values["weights", n], values.get(("biases", n))) for n in range(1, case.depth + 1)]


def _update(
    case: Case,
    batch: tuple[int, ...],
    parameters: list[tuple[Array, Array | None]],
    nodes: dict[Key, Node],
    values: dict[Key, Array],
) -> Iterator[str]:
    yield "  forward propagation"
    for row, sample in enumerate(batch):
        if len(batch) > 1:
            yield f"   sample {sample}"
        below = case.x[sample]
        for layer in range(1, case.depth + 1):
            rule = case.layers[layer - 1].activation
            clause = nodes["activations", layer].clause
            weights, biases = parameters[layer - 1]
            for i in range(min(case.widths[layer], WIDEST)):
                z, a = values["net_inputs", layer][row, i], values["activations", layer][row, i]
                total = _sum(weights[i], below, None if biases is None else biases[i], case.layers[layer - 1].mask, i)
                yield f"    z{i + 1}^{layer} = {total} = {_n(z)}{'':4}[E1]"
                yield f"    a{i + 1}^{layer} = {rule}({_n(z)}) = {_n(a)}{'':4}[{clause}]"
            yield from _more(case.widths[layer])
            below = values["activations", layer][row]
    yield f"    E = {_n(float(values['loss', 0]))}{'':4}[E3, {nodes['loss', 0].clause}]"
    yield "  backpropagation"
    for row, sample in enumerate(batch):
        if len(batch) > 1:
            yield f"   sample {sample}"
        for layer in range(case.depth, 0, -1):
            clause = _delta_clause(case, layer)
            for i in range(min(case.widths[layer], WIDEST)):
                yield f"    delta{i + 1}^{layer} = {_n(values['deltas', layer][row, i])}{'':4}[{clause}]"
            yield from _more(case.widths[layer])
    yield "  gradient descent"
    for layer in range(1, case.depth + 1):
        yield from _descent(case, layer, parameters[layer - 1], values)


def _descent(case: Case, layer: int, before: tuple[Array, Array | None], values: dict[Key, Array]) -> Iterator[str]:
    weights, biases = before
    mask = case.layers[layer - 1].mask
    edges = np.argwhere(np.ones(weights.shape, dtype=bool) if mask is None else mask)
    rate = f"{case.learning_rate:g}"
    for i, j in edges[: WIDEST * WIDEST]:
        gradient, new = values["weight_gradients", layer][i, j], values["weights", layer][i, j]
        yield f"    w{i + 1},{j + 1}^{layer} = {_n(weights[i, j])} - {rate} * {_n(gradient)} = {_n(new)}{'':4}[E28]"
    if len(edges) > WIDEST * WIDEST:
        yield f"    ... and {len(edges) - WIDEST * WIDEST} more weights"
    if biases is not None:
        for i in range(min(len(biases), WIDEST)):
            gradient, new = values["bias_gradients", layer][i], values["biases", layer][i]
            yield f"    b{i + 1}^{layer} = {_n(biases[i])} - {rate} * {_n(gradient)} = {_n(new)}{'':4}[E28]"
        yield from _more(len(biases))


def _delta_clause(case: Case, layer: int) -> str:
    name = case.layers[layer - 1].activation.name
    if layer < case.depth:
        return "E21" if name == "sigmoid" else "E17"
    return clause_of(SPECIAL_FORMS.get((name, case.loss), output_delta)).id


def _sum(weights: Array, below: Array, bias: float | None, mask: Array | None, i: int) -> str:
    edges = [j for j in range(len(weights)) if mask is None or mask[i, j]]
    if len(edges) > WIDEST:
        return f"sum of {len(edges)} products"
    terms = [f"{_n(weights[j])}*{_n(below[j])}" for j in edges]
    if bias is not None:
        terms.append(_n(bias))
    return " + ".join(terms) or "0"


def _more(width: int) -> Iterator[str]:
    if width > WIDEST:
        yield f"    ... and {width - WIDEST} more neurons"


def _n(value: float) -> str:
    return f"{float(value):.6g}"
