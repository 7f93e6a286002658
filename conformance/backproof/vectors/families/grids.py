"""Activations and losses on grids of net inputs: one neuron of weight 1, so that z is the sample.

The grid holds +-0 and +-700. Subnormal numbers and, for sigmoid, tanh and ReLU, infinities are informative: what a
function gives there is worth knowing, and no verdict rests on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backproof.balls import balls, precision
from backproof.case import Case
from backproof.catalogue.build import with_numeric_flags
from backproof.vectors.entry import Entry
from backproof.vectors.rounding import nearest
from backproof_spec import Activation, Layer, activation

FAMILY = "grid"
POINTS = (-700.0, -90.0, -20.0, -6.0, -2.0, -0.75, -0.125, 2.0**-30, 0.125, 0.75, 2.0, 6.0, 20.0, 90.0, 700.0)
ZEROS = (-0.0, 0.0)
SUBNORMAL = (-(2.0**-1074), 2.0**-1074, 2.0**-1030)
BITS = 4096
CANCELS = -0.75  # 1 + tanh(...) of GELU's second formula loses every digit far below 0, in the literal spec as well

RULES = (
    activation("identity"),
    activation("sigmoid"),
    activation("tanh"),
    activation("softplus"),
    activation("gelu"),
    activation("gelu", approximate="tanh"),
    activation("relu"),
    activation("leaky_relu", slope=0.25),
    activation("elu", alpha=1.5),
)
LIMITS: dict[str, tuple[tuple[str, Any, float], ...]] = {  # z, f(z), f'(z)
    "sigmoid": (("-Infinity", 0.0, 0.0), ("Infinity", 1.0, 0.0)),
    "tanh": (("-Infinity", -1.0, 0.0), ("Infinity", 1.0, 0.0)),
    "relu": (("-Infinity", 0.0, 0.0), ("Infinity", "Infinity", 1.0)),
}


def entries() -> Iterator[Entry]:
    """Yield the entries of the grids."""
    for rule in RULES:
        name = rule.name.replace("_", "-") + ("-tanh" if dict(rule.parameters).get("approximate") == "tanh" else "")
        smooth = rule.kink is None
        lowest = CANCELS if name == "gelu-tanh" else POINTS[0]
        points = tuple(z for z in (*POINTS[:7], *(ZEROS if smooth else ()), *POINTS[7:]) if z >= lowest)
        case = _one_neuron(f"grid-{name}", f"{name} from {lowest:g} to 700", rule, points)
        yield Entry(case=case, family=FAMILY, informative=tuple(_informative(rule)))
        inner = tuple(z for z in points if abs(z) < POINTS[-1])
        hidden = _one_neuron(f"grid-{name}-hidden", f"{name} up to 90, seen from above", rule, inner, 3)
        yield Entry(case=hidden, family=FAMILY)
        if not smooth:
            at_zero = _one_neuron(f"grid-{name}-at-0", f"{name} at +0 and -0", rule, (*ZEROS, 1.0, -1.0))
            yield Entry(case=at_zero, family=FAMILY)
    yield from _losses()


def _one_neuron(slug: str, title: str, rule: Activation, points: Sequence[float], above: int = 0) -> Case:
    one = Layer(np.array([[1.0]]), None, rule)
    upper = Layer(np.array([[0.5], [-0.25], [1.0]]), np.array([0.25, 0.0, -0.5]), activation("identity"))
    x = np.array(points)[:, None]
    y = np.array([[0.5, -1.0, 0.25]] if above else [[0.25]])
    kinked = rule.kink is not None and 0 in points
    return Case(
        slug=slug,
        title=title[0].upper() + title[1:],
        layers=(one, upper) if above else (one,),
        x=x,
        y=np.repeat(y, len(x), axis=0),
        loss="squared",
        learning_rate=2.0**-20,
        batches=(tuple(range(len(x))),),
        flags=(*(("exact-zero",) if kinked else ()), *(("far-out",) if max(POINTS) in points else ())),
    )


def _losses() -> Iterator[Entry]:
    sigmoid, softmax = activation("sigmoid"), activation("softmax")
    one, z = Layer(np.array([[1.0]]), None, sigmoid), np.array([-20.0, -2.0, -0.0, 0.0, 0.5, 6.0, 20.0])
    far = np.array([-700.0, -90.0, 90.0, 700.0])
    for slug, title, points, label in (
        ("log-loss-label-0", "Log loss of label 0", z, 0.0),
        ("log-loss-label-1", "Log loss of label 1", z, 1.0),
        ("log-loss-soft-label", "Log loss of label 3/8", z, 0.375),
        ("log-loss-far-right", "Log loss, outputs next to the right label", far, None),
        ("log-loss-far-wrong", "Log loss, outputs next to the wrong label", far, -1.0),
    ):
        right = (points > 0).astype(float)
        y = right if label is None else 1 - right if label < 0 else np.full(len(points), label)
        yield _loss_entry(slug, title, (one,), points[:, None], y[:, None], "log")
    three = Layer(np.eye(3), None, softmax)
    rows = np.array([[0.0, -0.0, 0.0], [1.0, 2.0, 3.0], [-6.0, 6.0, 0.5], [20.0, -20.0, 0.0], [0.25, 0.25, -90.0]])
    wide = np.array([[700.0, -700.0, 0.0], [700.0, 699.0, 698.0], [-700.0, -700.0, -699.5]])
    hot = np.eye(3)
    for slug, title, x, y in (
        ("cross-entropy", "Cross-entropy of one class", rows, hot[[0, 1, 1, 0, 2]]),
        ("cross-entropy-soft", "Cross-entropy of shared classes", rows, np.array([[0.5, 0.25, 0.25]] * 5)),
        ("cross-entropy-far", "Cross-entropy of net inputs up to 700", wide, hot[[0, 1, 2]]),
        ("cross-entropy-far-wrong", "Cross-entropy, the likeliest class is wrong", wide, hot[[1, 0, 0]]),
    ):
        yield _loss_entry(slug, title, (three,), x, y, "cross_entropy")
    yield _loss_entry(
        "squared-loss-softmax",
        "Squared loss through softmax's Jacobian",
        (three,),
        rows,
        hot[[0, 1, 1, 0, 2]],
        "squared",
    )


def _loss_entry(slug: str, title: str, layers: Any, x: Any, y: Any, loss: str) -> Entry:
    case = Case(
        slug=f"grid-{slug}",
        title=title,
        layers=layers,
        x=x,
        y=y,
        loss=loss,
        learning_rate=2.0**-10,
        batches=(tuple(range(len(x))),),
        flags=("far-out",) if np.abs(x).max() >= max(POINTS) else (),
    )
    return Entry(case=with_numeric_flags(case), family=FAMILY)


def _informative(rule: Activation) -> Iterator[dict[str, Any]]:
    """Yield f and f' at subnormal numbers, correctly rounded, and their limits at infinity."""
    for z in SUBNORMAL:
        with precision(BITS):
            point = balls(np.array([z]))
            a, slope = nearest(rule(point)), nearest(rule.derivative(point))
        if a is not None and slope is not None:
            yield {"z": z, "a": float(a[0]), "slope": float(slope[0])}
    for z_name, a_limit, slope_limit in LIMITS.get(rule.name, ()):
        yield {"z": z_name, "a": a_limit, "slope": slope_limit}
