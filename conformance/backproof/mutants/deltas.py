"""Mutants of the deltas: the output delta (E22) and the delta rule (E17)."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.balls import Array
from backproof.mutants.mutant import Mutant
from backproof.mutants.steps import Here, Step, delta_scale, derivative, stable
from backproof_spec import activation


def _slope_of(name: str) -> Step:
    """Return f' of another activation, in every hidden layer."""

    def wrong(right: Step, here: Here, z: Array, a: Array) -> Array:
        rule = activation(name)
        return derivative(rule, z, stable(rule, z))

    return wrong


def _only(name: str, formula: Step) -> Step:
    """Return a slope that is wrong for one activation."""

    def wrong(right: Step, here: Here, z: Array, a: Array) -> Array:
        return formula(right, here, z, a) if here.rule.name == name else right(here, z, a)

    return wrong


def _neighbour(offset: int) -> Step:
    """Return f' at the net inputs of a neighbouring layer, where it is as wide: elsewhere the code would not run."""

    def wrong(right: Step, here: Here, z: Array, a: Array) -> Array:
        other = here.layer - 1 + offset
        if not 0 <= other < len(here.net_inputs) or here.net_inputs[other].shape != z.shape:
            return right(here, z, a)
        near = here.net_inputs[other]
        return right(here, near, stable(here.rule, near))

    return wrong


def _kink(value: float) -> Step:
    def wrong(right: Step, here: Here, z: Array, a: Array) -> Array:
        return np.where((z == 0) & (here.rule.kink is not None), z.dtype.type(value), right(here, z, a))

    return wrong


def _output_slope(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Multiply a special form by f' once more, or leave f' out of a general one."""
    rule = here.rule
    if not rule.elementwise or rule.name == "identity":
        return right(here, y, z, o)
    slope = derivative(rule, z, o)
    found = right(here, y, z, o)
    return found * slope if here.case.loss != "squared" else without_slope(right, here, y, z, o)


def without_slope(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Leave f' out of the output delta of a squared loss."""
    if here.case.loss != "squared" or not here.rule.elementwise:
        return right(here, y, z, o)
    return np.asarray(delta_scale(here) * (2 * (o - y)))


def twice_slope(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Multiply the output delta by f' once more."""
    rule = here.rule
    return right(here, y, z, o) * derivative(rule, z, o) if rule.elementwise else right(here, y, z, o)


def softmax_diagonal(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Use the diagonal of softmax's Jacobian only."""
    if here.rule.elementwise:
        return right(here, y, z, o)
    wrong = 2 * (o - y) * o * (1 - o) if here.case.loss == "squared" else -y * (1 - o)
    return np.asarray(delta_scale(here) * wrong)


def jacobian_missing(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Return dJ/do for the output delta of softmax."""
    if here.rule.elementwise:
        return right(here, y, z, o)
    return np.asarray(delta_scale(here) * (2 * (o - y) if here.case.loss == "squared" else -y / o))


def _rolled(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    return right(here, np.roll(y, 1, axis=0), z, o)


def labels_broadcast(right: Step, here: Here, y: Array, z: Array, o: Array) -> Array:
    """Compute (n, 1) - (n,), which broadcasts to (n, n), and average it away."""
    if o.shape[1] != 1:
        return right(here, y, z, o)
    return right(here, np.full_like(y, y.mean()), z, o)


def _transposed(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
    """Use W for W^T: as it stands where W is square, read row by row where it is not."""
    return right(here, slopes, np.ascontiguousarray(w.T).reshape(w.shape), d)


def _one_missing(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
    found = right(here, slopes, w, d)
    found[:, -1] = 0
    return found


def _bias_included(right: Step, here: Here, slopes: Array, w: Array, d: Array) -> Array:
    """Take the columns from the bias on, in a matrix [b | W]: the last weight column is lost, all others shift."""
    biases = here.biases[here.layer]
    if biases is None:
        return right(here, slopes, w, d)
    return right(here, slopes, np.concatenate([biases[:, None], w[:, :-1]], axis=1), d)


def _times(factor: float) -> Step:
    def wrong(right: Step, here: Here, *arguments: Any) -> Any:
        found = right(here, *arguments)
        return found * found.dtype.type(factor)

    return wrong


MUTANTS = (
    Mutant(
        "output-derivative-missing",
        "delta_at_output",
        without_slope,
        "f' is left out of the output delta of a squared loss",
        "E22 without its second factor",
        "jiexunsee/Neural-Network-with-Python#1",
    ),
    Mutant(
        "output-derivative-twice",
        "delta_at_output",
        twice_slope,
        "the output delta is multiplied by f' once more",
        "a fused pair gets a derivative that it already contains",
        "pennylane#1928",
    ),
    Mutant(
        "output-derivative-confused",
        "delta_at_output",
        _output_slope,
        "f' where a fused pair has none, and none where it is needed",
        "E22 and E24 are mixed up",
    ),
    Mutant(
        "output-delta-sign",
        "delta_at_output",
        _times(-1),
        "y - o for o - y, and the update still subtracts",
        "ascent",
        "SlopDotCash/asi#2830",
    ),
    Mutant(
        "output-delta-half",
        "delta_at_output",
        _times(0.5),
        "the factor 2 of the squared loss is missing",
        "all gradients are halved",
        "dlib#1169",
    ),
    Mutant(
        "output-delta-double",
        "delta_at_output",
        _times(2),
        "a factor 2 that does not belong there",
        "all gradients are doubled",
        "dlib#1169",
    ),
    Mutant(
        "labels-off-by-one",
        "delta_at_output",
        _rolled,
        "labels are those of the sample before",
        "it learns the wrong labels",
        "mlverse/torch#681",
    ),
    Mutant(
        "labels-broadcast",
        "delta_at_output",
        labels_broadcast,
        "(n, 1) - (n,) broadcasts to (n, n)",
        "every sample learns the mean label",
        "pytorch#16045, tensorflow#37770",
    ),
    Mutant(
        "output-delta-by-outputs",
        "delta_at_output",
        lambda right, here, y, z, o: right(here, y, z, o) / o.dtype.type(o.shape[1]),
        "the output delta is divided by the number of outputs",
        "a mean over the outputs that was not declared",
        "scikit-learn#8349",
    ),
    Mutant(
        "softmax-jacobian-diagonal",
        "delta_at_output",
        softmax_diagonal,
        "only the diagonal of softmax's Jacobian is used",
        "classes do not compete",
        "libnd4j#440, RubixML/ML#438",
    ),
    Mutant(
        "softmax-jacobian-missing",
        "delta_at_output",
        jacobian_missing,
        "softmax is passed through as if it were the identity",
        "E22 without the Jacobian",
        "darknet#96",
    ),
    Mutant(
        "derivative-missing",
        "slope",
        lambda right, here, z, a: np.ones_like(z),
        "the activation derivative is left out of the delta rule",
        "E17 without its first factor",
        "Bot-Academy/NeuralNetworkFromScratch#3",
    ),
    Mutant(
        "derivative-divided",
        "slope",
        lambda right, here, z, a: 1 / right(here, z, a),
        "it is divided by f' instead of multiplied",
        "deltas grow towards the input",
    ),
    Mutant(
        "derivative-at-activation",
        "slope",
        lambda right, here, z, a: right(here, a, stable(here.rule, a)),
        "f' is taken at a instead of z",
        "f'(f(z))",
        "davidrmiller/neural2d#40, tsoding/nn.h#18",
    ),
    Mutant(
        "derivative-of-sigmoid",
        "slope",
        _slope_of("sigmoid"),
        "sigmoid's derivative at z for every activation",
        "right for sigmoid only",
        "shiffman/Neural-Network-p5#22",
    ),
    Mutant(
        "derivative-a-one-minus-a",
        "slope",
        lambda right, here, z, a: a * (1 - a),
        "a (1 - a) for every activation",
        "right for sigmoid only",
        "shiffman/Neural-Network-p5#22",
    ),
    Mutant(
        "derivative-of-tanh",
        "slope",
        _slope_of("tanh"),
        "tanh's derivative for every activation",
        "right for tanh only",
    ),
    Mutant(
        "derivative-of-relu",
        "slope",
        _slope_of("relu"),
        "ReLU's derivative for every activation",
        "right for ReLU only",
    ),
    Mutant(
        "derivative-of-output",
        "slope",
        lambda right, here, z, a: _as_output(right, here, z, a),
        "the output activation's derivative in hidden layers",
        "right only where all activations are alike",
    ),
    Mutant(
        "derivative-one-layer-up",
        "slope",
        _neighbour(1),
        "f' at the next layer's net inputs",
        "off by one layer",
        "encog-java-core#243",
    ),
    Mutant(
        "derivative-one-layer-down",
        "slope",
        _neighbour(-1),
        "f' at the previous layer's net inputs",
        "off by one layer",
        "encog-java-core#243",
    ),
    Mutant(
        "sigmoid-derivative-clipped",
        "slope",
        _only("sigmoid", lambda right, here, z, a: np.clip(right(here, z, a), 0.01, 0.99).astype(z.dtype)),
        "sigmoid's derivative is clipped to [0.01, 0.99]",
        "saturated neurons learn",
    ),
    Mutant(
        "sigmoid-derivative-unsquared",
        "slope",
        _only("sigmoid", lambda right, here, z, a: 1 - a),
        "1 - a for a (1 - a)",
        "a factor is missing",
    ),
    Mutant(
        "tanh-derivative-unsquared",
        "slope",
        _only("tanh", lambda right, here, z, a: 1 - a),
        "1 - a for 1 - a^2",
        "wrong wherever a is not 0 or 1",
    ),
    Mutant(
        "relu-derivative-swapped",
        "slope",
        _only("relu", lambda right, here, z, a: 1 - right(here, z, a)),
        "1 where z < 0 and 0 where z > 0",
        "dead neurons learn, live ones do not",
    ),
    Mutant(
        "relu-derivative-at-zero",
        "slope",
        _kink(20.0),
        "20 for f'(0) of a kinked activation",
        "f'(0) is outside [f'(0-), f'(0+)]",
        "pytorch#114234",
    ),
    Mutant(
        "leaky-slope-forward-only",
        "slope",
        _only("leaky_relu", lambda right, here, z, a: (z > 0).astype(z.dtype)),
        "the leaky slope is missing in the backward pass",
        "negative net inputs do not learn",
    ),
    Mutant(
        "leaky-slope-swapped",
        "slope",
        _only(
            "leaky_relu", lambda right, here, z, a: np.where(z > 0, right(here, -np.abs(z) - 1, a), 1).astype(z.dtype)
        ),
        "slope and 1 are swapped in the backward pass",
        "both sides learn wrongly",
    ),
    Mutant(
        "elu-derivative-activation",
        "slope",
        _only("elu", lambda right, here, z, a: np.where(z > 0, 1, a).astype(z.dtype)),
        "a for a + alpha in ELU's derivative",
        "negative net inputs learn in the wrong direction",
    ),
    Mutant(
        "softplus-derivative-one",
        "slope",
        _only("softplus", lambda right, here, z, a: (z > 0).astype(z.dtype)),
        "a step for softplus's derivative",
        "as if it were ReLU",
    ),
    Mutant(
        "gelu-derivative-distribution",
        "slope",
        _only("gelu", lambda right, here, z, a: np.where(z == 0, 0.5, a / np.where(z == 0, 1, z)).astype(z.dtype)),
        "GELU's derivative without the term z phi(z)",
        "off by up to 0.24",
    ),
    Mutant(
        "weights-not-transposed",
        "hidden_delta",
        _transposed,
        "W for W^T in the delta rule",
        "deltas flow along the wrong edges",
        "pulp-trainlib#3, nntile#433",
    ),
    Mutant(
        "bias-in-the-delta",
        "hidden_delta",
        _bias_included,
        "the bias column takes part in the delta rule",
        "weights are shifted by one column",
    ),
    Mutant(
        "last-unit-dropped",
        "hidden_delta",
        _one_missing,
        "the last hidden neuron gets no delta",
        "it never learns",
        "scikit-learn#8987",
    ),
    Mutant(
        "delta-of-the-mean",
        "hidden_delta",
        lambda right, here, slopes, w, d: np.broadcast_to(right(here, slopes, w, d).mean(axis=0), slopes.shape).copy(),
        "hidden deltas are averaged over the batch",
        "samples share their deltas",
        "deeplearning4j#364",
    ),
    Mutant(
        "delta-by-fan-out",
        "hidden_delta",
        lambda right, here, slopes, w, d: right(here, slopes, w, d) / d.dtype.type(w.shape[0]),
        "the sum over the next neurons is a mean",
        "deltas are divided by the width",
    ),
    Mutant("delta-doubled", "hidden_delta", _times(2), "hidden deltas have a factor 2", "it grows with the depth"),
    Mutant(
        "deltas-through-updated-weights",
        "deltas_see",
        "weights after",
        "the weights of layer l+1 were changed before the delta of layer l was taken",
        "E17 at the wrong weights",
        "joelgrus/data-science-from-scratch#31, CodingTrain/Toy-Neural-Network-JS#72",
    ),
    Mutant(
        "deltas-through-both-weights",
        "deltas_see",
        "weights before and after",
        "old and new weights are summed in the delta rule",
        "deltas are nearly doubled",
        "itskonrad/miniMNIST-c#7",
    ),
)


def _as_output(right: Step, here: Here, z: Array, a: Array) -> Array:
    rule = here.case.layers[-1].activation
    if not rule.elementwise:
        rule = activation("sigmoid")
    return derivative(rule, z, stable(rule, z))
