"""Fault: the loss that is reported is a mean over the batch's samples, while what is differentiated (and declared) is
the sum."""
import numpy as np
import backproof

F = {
    "identity": lambda z, p: z,
    "sigmoid": lambda z, p: np.exp(-np.logaddexp(0, -z)),
    "tanh": lambda z, p: np.tanh(z),
    "relu": lambda z, p: np.where(z > 0, z, 0),
    "leaky_relu": lambda z, p: np.where(z > 0, z, np.asarray(p["slope"], z.dtype) * z),
    "softplus": lambda z, p: np.logaddexp(0, z),
}
G = {
    "identity": lambda z, p: z * 0 + 1,
    "sigmoid": lambda z, p: np.exp(-np.logaddexp(0, -z) - np.logaddexp(0, z)),
    "tanh": lambda z, p: 1 - np.tanh(z) ** 2,
    "relu": lambda z, p: np.where(z > 0, z.dtype.type(1), z.dtype.type(0)),
    "leaky_relu": lambda z, p: np.where(z > 0, z.dtype.type(1), z.dtype.type(p["slope"])),
    "softplus": lambda z, p: np.exp(-np.logaddexp(0, -z)),
}


def top(loss, act, z, y):
    """output, mean loss, delta of the sum"""
    n = len(z)
    if act.name == "softmax":
        s = z - z.max(1, keepdims=True)
        log_o = s - np.log(np.exp(s).sum(1, keepdims=True))
        o = np.exp(log_o)
        if loss == "cross_entropy":
            return o, -(y * log_o).sum() / n, o - y
        g = 2 * (o - y)
        return o, ((y - o) ** 2).sum() / n, o * (g - (o * g).sum(1, keepdims=True))
    o = F[act.name](z, dict(act.parameters))
    if loss == "log":
        return o, (np.logaddexp(0, z) - y * z).sum() / n, o - y
    return o, ((y - o) ** 2).sum() / n, 2 * (o - y) * G[act.name](z, dict(act.parameters))


def descend(layers, params, a, y, loss):
    """Recursion over the layers: goes down the list forwards, comes back with deltas. Returns the loss, the signal for
    the layer before, and a list of records."""
    (w, b), layer = params[0], layers[0]
    z = a @ w.T + (0 if b is None else b)
    z = z.astype(a.dtype)
    if len(layers) == 1:
        o, value, d = top(loss, layer.activation, z, y)
        rest = []
    else:
        p = dict(layer.activation.parameters)
        o = F[layer.activation.name](z, p)
        value, back, rest = descend(layers[1:], params[1:], o, y, loss)
        d = back * G[layer.activation.name](z, p)
    gw = d.T @ a
    if layer.mask is not None:
        gw = gw * layer.mask
    here = {"z": z, "a": o, "d": d, "gw": gw, "gb": None if b is None else d.sum(0)}
    return value, d @ w, [here] + rest


@backproof.subject(activations=list(F) + ["softmax"], losses=["squared", "log", "cross_entropy"])
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    answers = []
    for batch in case.batches:
        loss, _, rec = descend(case.layers, params, case.x[batch], case.y[batch], case.loss)
        params = [(w - eta * r["gw"], None if b is None else b - eta * r["gb"]) for (w, b), r in zip(params, rec)]
        pick = lambda key: [r[key] for r in rec]
        answers.append({"net_inputs": pick("z"), "activations": pick("a"), "deltas": pick("d"), "loss": loss,
                        "weight_gradients": pick("gw"), "bias_gradients": pick("gb"),
                        "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return answers
