"""Fault: for the squared loss (with 1/2) the output layer's delta is o - y on any output, without f'."""
import numpy as np
import backproof


@backproof.subject(activations=["sigmoid", "tanh", "identity", "relu"], losses=["squared", "log"], loss_factor=0.5,
                   skips=["masked"])
def net(case):
    net = {}
    for k, layer in enumerate(case.layers, 1):
        net[k] = {"W": layer.weights, "b": layer.biases, "f": layer.activation.name}
    top = len(net)
    one = case.x.dtype.type(1)
    answers = []
    for batch in case.batches:
        idx = np.array(batch)
        a = {0: case.x[idx]}
        z, delta = {}, {}
        for k, p in net.items():
            z[k] = np.einsum("ij,sj->si", p["W"], a[k - 1])
            if p["b"] is not None:
                z[k] = z[k] + p["b"]
            if p["f"] == "sigmoid":
                t = np.exp(-np.abs(z[k]))
                a[k] = np.where(z[k] >= 0, one, t) / (one + t)
            elif p["f"] == "tanh":
                a[k] = np.tanh(z[k])
            elif p["f"] == "relu":
                a[k] = np.maximum(z[k], 0)
            else:
                a[k] = z[k].copy()
        y = case.y[idx]
        delta[top] = a[top] - y
        if case.loss == "log":
            t = np.log1p(np.exp(-np.abs(z[top])))
            loss = (y * (np.maximum(-z[top], 0) + t) + (1 - y) * (np.maximum(z[top], 0) + t)).sum()
        else:
            loss = ((y - a[top]) ** 2).sum() / 2
        for k in range(top - 1, 0, -1):
            s = np.einsum("ji,sj->si", net[k + 1]["W"], delta[k + 1])
            f = net[k]["f"]
            if f == "sigmoid":
                s = s * a[k] * (one - a[k])
            elif f == "tanh":
                s = s * (one - a[k] ** 2)
            elif f == "relu":
                s = s * (z[k] > 0)
            delta[k] = s
        gw = {k: np.einsum("si,sj->ij", delta[k], a[k - 1]) for k in net}
        gb = {k: None if net[k]["b"] is None else np.einsum("si->i", delta[k]) for k in net}
        rate = case.x.dtype.type(case.learning_rate)
        for k, p in net.items():
            p["W"] = p["W"] - rate * gw[k]
            if p["b"] is not None:
                p["b"] = p["b"] - rate * gb[k]
        order = range(1, top + 1)
        answers.append({
            "net_inputs": [z[k] for k in order], "activations": [a[k] for k in order], "loss": loss,
            "deltas": [delta[k] for k in order], "weight_gradients": [gw[k] for k in order],
            "bias_gradients": [gb[k] for k in order], "weights": [net[k]["W"] for k in order],
            "biases": [net[k]["b"] for k in order],
        })
    return answers
