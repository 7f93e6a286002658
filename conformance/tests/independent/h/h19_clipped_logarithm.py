"""Fault: outputs are clipped to [1e-7, 1 - 1e-7] before the logarithm, so the loss of saturated outputs is wrong."""
import numpy as np
import backproof

EPS = 1e-7


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def log_loss(o, z, y):
    p = np.clip(o, EPS, 1 - EPS)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


def cross_entropy(o, z, y):
    return -np.sum(y * np.log(np.clip(o, EPS, 1 - EPS)))


def squared(o, z, y):
    return np.sum((y - o) ** 2)


LOSSES = {"log": log_loss, "cross_entropy": cross_entropy, "squared": squared}
ACTS = {"identity": lambda z: z.copy(), "sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0),
        "softplus": lambda z: np.logaddexp(0, z), "softmax": softmax}
SLOPES = {"identity": lambda z: np.ones_like(z), "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
          "tanh": lambda z: 1 - np.tanh(z) ** 2, "relu": lambda z: (z > 0).astype(z.dtype), "softplus": sigmoid}


def forward(x, weights, biases, names):
    nets, acts = [], [x]
    for w, b, name in zip(weights, biases, names):
        z = acts[-1] @ w.T
        nets.append(z if b is None else z + b)
        acts.append(ACTS[name](nets[-1]))
    return nets, acts


def backward(nets, acts, weights, names, y, loss):
    deltas = [acts[-1] - y]
    if loss == "squared":
        deltas = [2 * deltas[0] * SLOPES[names[-1]](nets[-1])]
    for w, z, name in zip(weights[:0:-1], nets[-2::-1], names[-2::-1]):
        deltas.append(SLOPES[name](z) * (deltas[-1] @ w))
    return deltas[::-1]


@backproof.subject(activations=list(ACTS), losses=list(LOSSES), skips=["general-output-delta"])
def net(case):
    weights = [l.weights.copy() for l in case.layers]
    biases = [None if l.biases is None else l.biases.copy() for l in case.layers]
    names = [l.activation.name for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        y = case.y[list(batch)]
        nets, acts = forward(case.x[list(batch)], weights, biases, names)
        loss = LOSSES[case.loss](acts[-1], nets[-1], y)
        deltas = backward(nets, acts, weights, names, y, case.loss)
        gw = [d.T @ a if l.mask is None else d.T @ a * l.mask for d, a, l in zip(deltas, acts, case.layers)]
        gb = [None if b is None else d.sum(axis=0) for d, b in zip(deltas, biases)]
        weights = [w - eta * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - eta * g for b, g in zip(biases, gb)]
        out.append(dict(net_inputs=nets, activations=acts[1:], deltas=deltas, loss=loss, weight_gradients=gw,
                        bias_gradients=gb, weights=weights, biases=biases))
    return out
