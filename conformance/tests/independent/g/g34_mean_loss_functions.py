"""Fault: every update starts again from the initial weights and biases, so what earlier updates did is lost."""
import numpy as np

import backproof

sigmoid = lambda z: np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
softplus = lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def apply(name, z, p):
    return {
        "identity": lambda: z,
        "sigmoid": lambda: sigmoid(z),
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.maximum(z, 0),
        "leaky_relu": lambda: np.where(z > 0, z, z * p["slope"]),
        "elu": lambda: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
        "softplus": lambda: softplus(z),
        "softmax": lambda: np.exp(z - z.max(-1, keepdims=True)) / np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True),
    }[name]()


def back(name, z, a, g, p):
    return {
        "identity": lambda: g,
        "sigmoid": lambda: g * a * sigmoid(-z),
        "tanh": lambda: g * (1 - a * a),
        "relu": lambda: g * (z > 0),
        "leaky_relu": lambda: np.where(z > 0, g, g * p["slope"]),
        "elu": lambda: np.where(z > 0, g, g * p["alpha"] * np.exp(np.minimum(z, 0))),
        "softplus": lambda: g * sigmoid(z),
        "softmax": lambda: a * (g - (a * g).sum(-1, keepdims=True)),
    }[name]()


def forward(layers, params, x):
    trace = []
    for l, (W, b) in zip(layers, params):
        z = x @ W.T if b is None else x @ W.T + b
        x = apply(l.activation.name, z, dict(l.activation.parameters))
        trace.append((z, x))
    return trace


def mean_loss(kind, z, o, y):
    if kind == "squared":
        per_sample = ((o - y) ** 2).sum(1)
    elif kind == "log":
        per_sample = (y * softplus(-z) + (1 - y) * softplus(z)).sum(1)
    else:
        s = z - z.max(1, keepdims=True)
        per_sample = (y * (np.log(np.exp(s).sum(1, keepdims=True)) - s)).sum(1)
    return per_sample.mean()


def backward(case, params, trace, y):
    """Deltas of each sample's own error; the mean is taken when the gradients are formed."""
    z, o = trace[-1]
    if case.loss == "squared":
        last = case.layers[-1].activation
        delta = back(last.name, z, o, 2 * (o - y), dict(last.parameters))
    else:
        delta = o - y
    deltas = [delta]
    for l, (W, _), (z, a) in zip(case.layers[-2::-1], params[:0:-1], trace[-2::-1]):
        delta = back(l.activation.name, z, a, delta @ W, dict(l.activation.parameters))
        deltas = [delta] + deltas
    return deltas


def gradients(case, params, deltas, inputs):
    out = []
    for l, (_, b), d, a in zip(case.layers, params, deltas, inputs):
        gW = d.T @ a / len(d)
        out.append((gW if l.mask is None else gW * l.mask, None if b is None else d.mean(axis=0)))
    return out


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean", delta_of="sample")
def net(case):
    lr = case.x.dtype.type(case.learning_rate)
    results = []
    for batch in case.batches:
        params = [(np.array(l.weights), None if l.biases is None else np.array(l.biases)) for l in case.layers]
        x, y = case.x[list(batch)], case.y[list(batch)]
        trace = forward(case.layers, params, x)
        deltas = backward(case, params, trace, y)
        grads = gradients(case, params, deltas, [x] + [a for _, a in trace])
        params = [(W - lr * gW, None if b is None else b - lr * gb) for (W, b), (gW, gb) in zip(params, grads)]
        results.append({
            "net_inputs": [z for z, _ in trace], "activations": [a for _, a in trace], "deltas": deltas,
            "loss": mean_loss(case.loss, *trace[-1], y),
            "weight_gradients": [g for g, _ in grads], "bias_gradients": [g for _, g in grads],
            "weights": [W for W, _ in params], "biases": [b for _, b in params],
        })
    return results
