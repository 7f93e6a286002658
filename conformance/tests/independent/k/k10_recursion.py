"""Fault: on the way back a hidden layer's delta is divided by f'(z) instead of being multiplied by it (where f' is 0 the delta is set to 0)."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def f_and_slope(activation, z):
    name, extra = activation.name, dict(activation.parameters)
    if name == "sigmoid":
        return logistic(z), logistic(z) * logistic(-z)
    if name == "tanh":
        t = np.tanh(z)
        return t, 1 - t * t
    if name == "softplus":
        return np.logaddexp(0, z), logistic(z)
    if name == "leaky_relu":
        k = np.where(z > 0, 1, extra["slope"]).astype(z.dtype)
        return k * z, k
    if name == "elu":
        low = extra["alpha"] * np.exp(np.minimum(z, 0))
        return (np.where(z > 0, z, extra["alpha"] * np.expm1(np.minimum(z, 0))),
                np.where(z > 0, 1, low).astype(z.dtype))
    if name == "relu":
        return z * (z > 0), (z > 0).astype(z.dtype)
    if name == "softmax":
        p = np.exp(z - z.max(1, keepdims=True))
        return p / p.sum(1, keepdims=True), None
    return z.copy(), np.ones_like(z)


def end(loss, z, o, slope, y):
    """The loss and dE/dz at the output."""
    if loss == "log":
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum(), o - y
    if loss == "cross_entropy":
        c = z - z.max(1, keepdims=True)
        return (y * (np.log(np.exp(c).sum(1, keepdims=True)) - c)).sum(), o - y
    g = 2 * (o - y)
    return ((o - y) ** 2).sum(), (o * (g - (o * g).sum(1, keepdims=True)) if slope is None else g * slope)


def dive(layers, params, a, y, loss):
    """Goes through the first of `layers` and on into the rest; comes back with the error, the layers'
    records and dE/da (of what came in)."""
    (w, b), rest = params[0], params[1:]
    z = a @ w.T if b is None else a @ w.T + b
    out, slope = f_and_slope(layers[0].activation, z)
    if rest:
        error, records, up = dive(layers[1:], rest, out, y, loss)
        delta = np.divide(up, slope, out=np.zeros_like(up), where=slope != 0)
    else:
        records = []
        error, delta = end(loss, z, out, slope, y)
    gw = delta.T @ a
    if layers[0].mask is not None:
        gw = gw * layers[0].mask
    gb = None if b is None else delta.sum(axis=0)
    return error, [(z, out, delta, gw, gb)] + records, delta @ w


@backproof.subject(activations=["identity", "sigmoid", "tanh", "softplus", "leaky_relu", "elu", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    lr = case.x.dtype.type(case.learning_rate)

    def learn(batches, params):
        if not batches:
            return []
        idx = list(batches[0])
        error, records, _ = dive(case.layers, params, case.x[idx], case.y[idx], case.loss)
        z, a, d, gw, gb = map(list, zip(*records))
        new = [(w - lr * g, None if b is None else b - lr * c) for (w, b), g, c in zip(params, gw, gb)]
        shown = {"net_inputs": z, "activations": a, "deltas": d, "loss": error, "weight_gradients": gw,
                 "bias_gradients": gb, "weights": [w for w, _ in new], "biases": [b for _, b in new]}
        return [shown] + learn(batches[1:], new)

    return learn(case.batches, [(p.weights.copy(), None if p.biases is None else p.biases.copy())
                                for p in case.layers])
