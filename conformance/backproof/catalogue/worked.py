"""The worked example of the article as a case: two updates, so that the second forward pass (X6) is seen."""

from __future__ import annotations

from backproof.case import Case
from backproof_spec import example_network, example_sample


def worked_example(*, dense: bool = False) -> Case:
    """Return the article's example; dense: with the missing edge from neuron 3 to neuron 4 made a weight of 0.

    >>> [round(w, 1) for w in worked_example().layers[2].weights[0].tolist()]
    [0.5, 0.7]
    """
    x, y, learning_rate = example_sample()
    return Case(
        slug="worked-example" if not dense else "worked-example-dense",
        title="The article's example: 2-3-2-1, sigmoid, log loss, sparse, alpha = 0.5",
        layers=example_network(dense=dense),
        x=x,
        y=y,
        loss="log",
        learning_rate=learning_rate,
        batches=((0,), (0,)),
        flags=() if dense else ("worked-example",),
    )
