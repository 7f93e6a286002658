"""Fault: in the delta rule the pulled-back error is divided by f'(z) where it has to be multiplied by it."""
import numpy as np

import backproof

ACTIVATIONS = ["identity", "sigmoid", "tanh", "leaky_relu", "elu", "softplus", "softmax"]


def sigmoid(z):
    return np.where(z >= 0, 1, np.exp(np.minimum(z, 0))).astype(z.dtype) / (1 + np.exp(-np.abs(z)))


def f(activation, z):
    name, options = activation.name, dict(activation.parameters)
    if name == "sigmoid":
        return sigmoid(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "leaky_relu":
        return np.where(z > 0, z, z.dtype.type(options["slope"]) * z)
    if name == "elu":
        return np.where(z > 0, z, z.dtype.type(options["alpha"]) * np.expm1(np.minimum(z, 0)))
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    if name == "softmax":
        e = np.exp(z - z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)
    return z


def f_prime(activation, z):
    name, options = activation.name, dict(activation.parameters)
    if name == "sigmoid":
        return sigmoid(z) * sigmoid(-z)
    if name == "tanh":
        return 4 * sigmoid(2 * z) * sigmoid(-2 * z)
    if name == "leaky_relu":
        return np.where(z > 0, z.dtype.type(1), z.dtype.type(options["slope"]))
    if name == "elu":
        return np.where(z > 0, z.dtype.type(1), z.dtype.type(options["alpha"]) * np.exp(np.minimum(z, 0)))
    if name == "softplus":
        return sigmoid(z)
    return np.ones_like(z)


def up(layers, params, a):
    """[(z, a), ...] of all layers from here to the output."""
    if not layers:
        return []
    w, b = params[0]
    z = w @ a if b is None else w @ a + b[:, np.newaxis]
    out = f(layers[0].activation, z)
    return [(z, out)] + up(layers[1:], params[1:], out)


def down(layers, params, trace, top):
    """[delta, ...] of all layers from here to the output."""
    if len(layers) == 1:
        return [top]
    above = down(layers[1:], params[1:], trace[1:], top)
    pulled = params[1][0].T @ above[0]
    return [pulled / f_prime(layers[0].activation, trace[0][0])] + above


@backproof.subject(activations=ACTIVATIONS, losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta", "saturated-output"], batch_axis=1)
def net(case):
    layers = list(case.layers)
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in layers]
    rate = case.x.dtype.type(case.learning_rate)
    results = []
    for batch in case.batches:
        x, y = case.x[:, list(batch)], case.y[:, list(batch)]
        trace = up(layers, params, x)
        z, o = trace[-1]
        if case.loss == "squared":
            loss, top = np.sum((y - o) ** 2), 2 * (o - y)
        elif case.loss == "log":
            loss, top = np.sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))), o - y
        else:
            s = z - z.max(axis=0, keepdims=True)
            loss, top = np.sum(y * (np.log(np.exp(s).sum(axis=0, keepdims=True)) - s)), o - y
        deltas = down(layers, params, trace, top)
        inputs = [x] + [a for _, a in trace[:-1]]
        gw = [d @ a.T if l.mask is None else (d @ a.T) * l.mask for d, a, l in zip(deltas, inputs, layers)]
        gb = [None if b is None else d.sum(axis=1) for d, (_, b) in zip(deltas, params)]
        params = [(w - rate * g, None if b is None else b - rate * h) for (w, b), g, h in zip(params, gw, gb)]
        results.append({"net_inputs": [z for z, _ in trace], "activations": [a for _, a in trace],
                        "deltas": deltas, "loss": loss, "weight_gradients": gw, "bias_gradients": gb,
                        "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return results
