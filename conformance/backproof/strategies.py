"""Hypothesis strategies: cases nobody thought of. Import it lazily; hypothesis takes its time.

Structure is drawn (it shrinks), numbers come from the counter-based generator by a drawn seed.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from backproof.case import DTYPES, Case
from backproof.catalogue.build import build_case
from backproof_spec import RULES, activation

HIDDEN = tuple(name for name, rule in RULES.items() if rule.elementwise)
PARAMETERS: dict[str, dict[str, tuple[Any, ...]]] = {
    "leaky_relu": {"slope": (0.25, 0.0078125)},
    "elu": {"alpha": (1.0, 1.5)},
    "gelu": {"approximate": ("none", "tanh")},
}


@st.composite
def activations(draw: st.DrawFn, names: tuple[str, ...] = HIDDEN) -> Any:
    """Draw an activation with its parameters."""
    name = draw(st.sampled_from(names))
    choices = PARAMETERS.get(name, {})
    return activation(name, **{key: draw(st.sampled_from(values)) for key, values in choices.items()})


@st.composite
def cases(draw: st.DrawFn, *, widest: int = 8, deepest: int = 4, dtypes: tuple[str, ...] = DTYPES) -> Case:
    """Draw a case: up to `deepest` layers of up to `widest` neurons, any activations, losses, masks and batches."""
    depth = draw(st.integers(1, deepest))
    widths = draw(st.lists(st.integers(1, widest), min_size=depth + 1, max_size=depth + 1))
    loss = draw(st.sampled_from(("squared", "log", "cross_entropy")))
    hidden = draw(st.lists(activations(), min_size=depth - 1, max_size=depth - 1))
    output = draw(activations((*HIDDEN, "softmax"))) if loss == "squared" else None
    samples = draw(st.integers(1, 6))
    case = build_case(
        "drawn",
        "A drawn case",
        widths,
        hidden,
        loss,
        seed=draw(st.integers(0, 2**32 - 1)),
        output=output,
        samples=samples,
        batches=draw(_batches(samples)),
        learning_rate=draw(st.sampled_from((2.0**-10, 0.125, 0.9))),
        weight_scale=draw(st.sampled_from((0.01, 1.0, 4.0))),
        biases=draw(st.lists(st.booleans(), min_size=depth, max_size=depth)),
        density=draw(st.sampled_from((1.0, 1.0, 0.5))),
        soft_labels=draw(st.booleans()) and widths[-1] > 1,
    )
    return case.as_dtype(draw(st.sampled_from(dtypes)))


@st.composite
def _batches(draw: st.DrawFn, samples: int) -> list[list[int]]:
    """Draw batch, stochastic or mini-batch descent over up to three updates."""
    order = draw(st.permutations(range(samples)))
    size = draw(st.integers(1, samples))
    batches = [list(order[start : start + size]) for start in range(0, samples, size)]
    return batches[:3]
