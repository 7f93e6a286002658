"""The reported loss takes the mean over the outputs of a sample (as .mean(axis=-1) of the table of errors does), while
the deltas are those of the sum over the outputs: with k outputs the report is k times too small for its gradient."""
from types import SimpleNamespace

import numpy as np

import backproof


def table_of_errors(loss, z, o, y):
    """One entry for each sample and output."""
    if loss == "squared":
        return np.square(y - o)
    if loss == "log":
        return y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    return y * (np.logaddexp.reduce(z, axis=-1, keepdims=True) - z)


def report(*what):
    return table_of_errors(*what).mean(axis=-1).sum()


def sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2


def softmax(z):
    e = np.exp(z - np.amax(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


VALUES = {"identity": np.positive, "sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: z.clip(0),
          "softplus": lambda z: np.logaddexp(0, z), "softmax": softmax}
PULLS = {"identity": lambda g, z: g, "sigmoid": lambda g, z: g * sigmoid(z) * sigmoid(-z),
         "tanh": lambda g, z: g * (1 - np.tanh(z) ** 2), "relu": lambda g, z: g * np.sign(z.clip(0)),
         "softplus": lambda g, z: g * sigmoid(z),
         "softmax": lambda g, z: softmax(z) * (g - np.sum(g * softmax(z), axis=-1, keepdims=True))}


@backproof.subject(activations=list(VALUES), losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    units = [SimpleNamespace(w=s.weights.copy(), b=None if s.biases is None else s.biases.copy(), mask=s.mask,
                             name=s.activation.name) for s in case.layers]
    rows = []
    for batch in case.batches:
        signal, y = case.x[list(batch)], case.y[list(batch)]
        for u in units:
            u.inputs = signal
            u.z = signal @ u.w if u.b is None else signal @ u.w + u.b
            u.a = signal = VALUES[u.name](u.z)
        top = units[-1]
        loss = report(case.loss, top.z, top.a, y)
        top.delta = PULLS[top.name](2 * (top.a - y), top.z) if case.loss == "squared" else top.a - y
        for below, above in zip(units[-2::-1], units[::-1]):
            below.delta = PULLS[below.name](above.delta @ above.w.T, below.z)
        for u in units:
            u.gw = u.inputs.T @ u.delta
            if u.mask is not None:
                u.gw *= u.mask
            u.gb = None if u.b is None else u.delta.sum(axis=0)
            u.w = u.w - case.learning_rate * u.gw
            u.b = None if u.b is None else u.b - case.learning_rate * u.gb
        column = lambda key: [getattr(u, key) for u in units]
        rows.append({"net_inputs": column("z"), "activations": column("a"), "deltas": column("delta"), "loss": loss,
                     "weight_gradients": column("gw"), "bias_gradients": column("gb"),
                     "weights": column("w"), "biases": column("b")})
    return rows
