"""Fault: the error at the outputs is written as y - o (label minus output), while the update still subtracts: all
deltas and gradients have the wrong sign and the weights climb the error instead of descending it."""
import numpy as np
import backproof


def activation(kind, parameters, z):
    """One neuron; returns f(z) and f'(z)."""
    if kind == "identity":
        return z, 1
    if kind == "sigmoid":
        e = np.exp(-abs(z))
        big, small = 1 / (1 + e), e / (1 + e)
        return (big, big * small) if z >= 0 else (small, big * small)
    if kind == "tanh":
        t = np.tanh(z)
        return t, 1 - t * t
    if kind == "relu":
        return (z, 1) if z > 0 else (0 * z, 0)
    if kind == "leaky_relu":
        return (z, 1) if z > 0 else (parameters["slope"] * z, parameters["slope"])
    if kind == "elu":
        alpha = parameters["alpha"]
        return (z, 1) if z > 0 else (alpha * np.expm1(z), alpha * np.exp(z))


def softmax(row):
    top = max(row)
    e = [np.exp(v - top) for v in row]
    return [v / sum(e) for v in e]


def sample_loss(loss, zs, os, ys):
    total = 0
    if loss == "squared":
        for o, y in zip(os, ys):
            total += (y - o) ** 2 / 2
    elif loss == "log":
        for z, y in zip(zs, ys):
            total += max(z, 0) - y * z + np.log1p(np.exp(-abs(z)))
    else:
        top = max(zs)
        log_sum = np.log(sum(np.exp(z - top) for z in zs))
        for z, y in zip(zs, ys):
            total += y * (log_sum - (z - top))
    return total


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_factor=0.5)
def net(case):
    dtype = case.x.dtype
    w = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    results = []
    for batch in case.batches:
        n = len(batch)
        z = [np.zeros((n, m.shape[0]), dtype) for m in w]
        a = [np.zeros((n, m.shape[0]), dtype) for m in w]
        df = [np.zeros((n, m.shape[0]), dtype) for m in w]
        delta = [np.zeros((n, m.shape[0]), dtype) for m in w]
        gw = [np.zeros_like(m) for m in w]
        gb = [None if v is None else np.zeros_like(v) for v in b]
        loss = dtype.type(0)
        for s, sample in enumerate(batch):
            below = case.x[sample]
            for l, layer in enumerate(case.layers):
                kind, parameters = layer.activation.name, dict(layer.activation.parameters)
                for i in range(len(w[l])):
                    z[l][s, i] = 0 if b[l] is None else b[l][i]
                    for j in range(len(below)):
                        z[l][s, i] += w[l][i, j] * below[j]
                    if kind != "softmax":
                        a[l][s, i], df[l][s, i] = activation(kind, parameters, z[l][s, i])
                if kind == "softmax":
                    a[l][s] = softmax(z[l][s])
                below = a[l][s]
            o, y, top = a[-1][s], case.y[sample], len(w) - 1
            loss += sample_loss(case.loss, z[-1][s], o, y)
            for i in range(len(o)):
                error = y[i] - o[i]
                if case.loss != "squared":
                    delta[top][s, i] = error
                elif case.layers[top].activation.name != "softmax":
                    delta[top][s, i] = error * df[top][s, i]
                else:
                    for j in range(len(o)):
                        delta[top][s, i] += (y[j] - o[j]) * o[j] * ((i == j) - o[i])
            for l in range(top - 1, -1, -1):
                for i in range(len(w[l])):
                    for k in range(len(w[l + 1])):
                        delta[l][s, i] += w[l + 1][k, i] * delta[l + 1][s, k]
                    delta[l][s, i] *= df[l][s, i]
            for l, layer in enumerate(case.layers):
                below = case.x[sample] if l == 0 else a[l - 1][s]
                for i in range(len(w[l])):
                    if gb[l] is not None:
                        gb[l][i] += delta[l][s, i]
                    for j in range(len(below)):
                        if layer.mask is None or layer.mask[i, j]:
                            gw[l][i, j] += delta[l][s, i] * below[j]
        for l in range(len(w)):
            w[l] = w[l] - dtype.type(case.learning_rate) * gw[l]
            if b[l] is not None:
                b[l] = b[l] - dtype.type(case.learning_rate) * gb[l]
        results.append({"net_inputs": z, "activations": a, "deltas": delta, "loss": loss, "weight_gradients": gw,
                        "bias_gradients": gb, "weights": list(w), "biases": list(b)})
    return results
