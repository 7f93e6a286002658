"""Fault: the bias gradient is the mean of delta along the only axis that a sample's delta has, that of the neurons:
all biases of a layer get the same, averaged step."""
import numpy as np

import backproof


def logistic(v):
    return np.array([1 / (1 + np.exp(-t)) if t > 0 else np.exp(t) / (1 + np.exp(t)) for t in v], dtype=v.dtype)


def value_and_slope(name, v):
    if name == "sigmoid":
        a = logistic(v)
        return a, a * logistic(-v)
    if name == "tanh":
        a = np.tanh(v)
        return a, 1 - a ** 2
    if name == "relu":
        on = (v > 0).astype(v.dtype)
        return v * on, on
    if name == "softplus":
        return np.log1p(np.exp(-abs(v))) + np.maximum(v, 0), logistic(v)
    if name == "softmax":
        a = np.exp(v - v.max())
        a /= a.sum()
        return a, np.diag(a) - np.outer(a, a)
    return v, np.ones_like(v)


def sample_loss(kind, z, o, y):
    if kind == "squared":
        return np.dot(y - o, y - o)
    if kind == "log":
        return np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-abs(z))))
    return np.dot(y, z.max() + np.log(np.exp(z - z.max()).sum()) - z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    w = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    depth = len(w)
    reports = []
    for batch in case.batches:
        dw = [np.zeros_like(m) for m in w]
        db = [None if v is None else np.zeros_like(v) for v in b]
        trace = {"net_inputs": [[] for _ in w], "activations": [[] for _ in w], "deltas": [[] for _ in w]}
        loss = case.x.dtype.type(0)
        for index in batch:
            y, heard, slopes = case.y[index], [case.x[index]], []
            for l in range(depth):
                z = w[l] @ heard[l] if b[l] is None else w[l] @ heard[l] + b[l]
                a, slope = value_and_slope(case.layers[l].activation.name, z)
                heard.append(a)
                slopes.append(slope)
                trace["net_inputs"][l].append(z)
                trace["activations"][l].append(a)
            loss += sample_loss(case.loss, z, a, y)
            delta = a - y
            if case.loss == "squared":
                delta = slopes[-1].T @ (2 * delta) if slopes[-1].ndim == 2 else 2 * delta * slopes[-1]
            for l in reversed(range(depth)):
                trace["deltas"][l].append(delta)
                dw[l] += np.outer(delta, heard[l])
                if b[l] is not None:
                    db[l] += np.mean(delta, axis=0)
                if l:
                    delta = slopes[l - 1] * (w[l].T @ delta)
        for l, layer in enumerate(case.layers):
            if layer.mask is not None:
                dw[l] *= layer.mask
            w[l] = w[l] - rate * dw[l]
            if b[l] is not None:
                b[l] = b[l] - rate * db[l]
        report = {name: [np.array(rows) for rows in lists] for name, lists in trace.items()}
        report.update(loss=loss, weight_gradients=dw, bias_gradients=db, weights=list(w), biases=list(b))
        reports.append(report)
    return reports[0] if len(reports) == 1 else reports
