"""Fault: the factor 2 of the squared loss is missing in the gradient."""
import numpy as np
import backproof


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def apply(name, z):
    """f(z) and f'(z)."""
    if name == "identity":
        return z.copy(), np.ones_like(z)
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if name == "softplus":
        return np.logaddexp(0, z), sigma(z)
    return sigma(z), sigma(z) * sigma(-z)


@backproof.subject(activations=["identity", "relu", "softplus", "sigmoid"], losses=["squared", "log"], batch_axis=1)
def net(case):
    params = [[np.array(l.weights), None if l.biases is None else np.array(l.biases)] for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    records = []
    for batch in case.batches:
        x, y = case.x[:, list(batch)], case.y[:, list(batch)]
        inputs, slopes, a = [], [], x
        for (w, b), l in zip(params, case.layers):
            inputs.append(a)
            z = w @ a
            if b is not None:
                z = z + b[:, None]
            a, slope = apply(l.activation.name, z)
            slopes.append(slope)
        if case.loss == "log":
            loss = np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
            delta = a - y
        else:
            loss = np.sum(np.square(y - a))
            delta = (a - y) * slopes[-1]
        grads_w, grads_b = [], []
        for l in range(len(params) - 1, -1, -1):
            w, b = params[l]
            g = delta @ inputs[l].T
            mask = case.layers[l].mask
            grads_w.insert(0, g if mask is None else np.where(mask, g, 0))
            grads_b.insert(0, None if b is None else delta.sum(axis=1))
            if l:
                delta = (w.T @ delta) * slopes[l - 1]
        for p, gw, gb in zip(params, grads_w, grads_b):
            p[0] = p[0] - rate * gw
            p[1] = None if gb is None else p[1] - rate * gb
        records.append({"loss": loss, "weight_gradients": grads_w, "bias_gradients": grads_b,
                        "weights": [p[0] for p in params], "biases": [p[1] for p in params]})
    return records
