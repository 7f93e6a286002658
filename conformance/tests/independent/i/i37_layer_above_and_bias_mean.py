"""Two faults: (1) the delta rule takes f' at the net inputs of the layer above (one index too far), and where that
layer has another width, its first columns are used, repeated from the beginning as far as needed; (2) the bias
gradients are means over the batch while the weight gradients are sums."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def apply(kind, z, slope=0.0, alpha=1.0):
    if kind == "sigmoid":
        return logistic(z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "leaky_relu":
        return np.where(z > 0, z, slope * z)
    if kind == "elu":
        return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))
    if kind == "softplus":
        return np.logaddexp(0, z)
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def prime(kind, z, slope=0.0, alpha=1.0):
    one = np.ones_like(z)
    if kind == "sigmoid":
        return logistic(z) * logistic(-z)
    if kind == "tanh":
        return 1 - np.tanh(z) ** 2
    if kind == "relu":
        return np.where(z > 0, one, 0)
    if kind == "leaky_relu":
        return np.where(z > 0, one, slope)
    if kind == "elu":
        return np.where(z > 0, one, alpha * np.exp(np.minimum(z, 0)))
    if kind == "softplus":
        return logistic(z)
    return one


def fit_width(z, width):
    return z[:, np.arange(width) % z.shape[1]]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    W = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    kind = [layer.activation.name for layer in case.layers]
    opts = [dict(layer.activation.parameters) for layer in case.layers]
    record = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        z, a = [], [x]
        for l in range(len(W)):
            zl = a[l] @ W[l].T
            if b[l] is not None:
                zl += b[l]
            z.append(zl)
            a.append(apply(kind[l], zl, **opts[l]))
        o = a[-1]
        if case.loss == "squared":
            loss = np.sum((y - o) ** 2)
            g = 2 * (o - y)
            if kind[-1] == "softmax":
                delta = o * (g - np.sum(o * g, axis=1, keepdims=True))
            else:
                delta = g * prime(kind[-1], z[-1], **opts[-1])
        elif case.loss == "log":
            loss = np.sum(np.maximum(z[-1], 0) - y * z[-1] + np.log1p(np.exp(-np.abs(z[-1]))))
            delta = o - y
        else:
            t = z[-1] - z[-1].max(axis=1, keepdims=True)
            loss = np.sum(y * (np.log(np.sum(np.exp(t), axis=1, keepdims=True)) - t))
            delta = o - y
        deltas = [delta]
        for l in range(len(W) - 1, 0, -1):
            slopes = prime(kind[l - 1], fit_width(z[l], W[l].shape[1]), **opts[l - 1])
            delta = slopes * (delta @ W[l])
            deltas.append(delta)
        deltas = deltas[::-1]
        dW, db = [], []
        for l in range(len(W)):
            g = np.tensordot(deltas[l], a[l], axes=(0, 0))
            dW.append(g if case.layers[l].mask is None else g * case.layers[l].mask)
            db.append(None if b[l] is None else deltas[l].mean(axis=0))
        W = [w - case.learning_rate * g for w, g in zip(W, dW)]
        b = [None if c is None else c - case.learning_rate * g for c, g in zip(b, db)]
        record.append({"net_inputs": z, "activations": a[1:], "deltas": deltas, "loss": loss,
                       "weight_gradients": dW, "bias_gradients": db, "weights": W, "biases": b})
    return record
