"""Fault: the deltas of the hidden layers are averaged over the samples of the batch, so that all samples share
one delta per hidden neuron (the output deltas are still one per sample)."""
import numpy as np

import backproof


def act(name, z):
    match name:
        case "sigmoid":
            return _sig(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.maximum(z, z.dtype.type(0))
        case "softplus":
            return np.logaddexp(z.dtype.type(0), z)
        case "softmax":
            p = np.exp(z - np.max(z, axis=1)[:, None])
            return np.einsum("nk,n->nk", p, 1 / np.einsum("nk->n", p))
    return z + 0


def _sig(z):
    return np.exp(-np.logaddexp(z.dtype.type(0), -z))


def dact(name, z, a):
    match name:
        case "sigmoid":
            return a * _sig(-z)
        case "tanh":
            return (1 - a) * (1 + a)
        case "relu":
            return np.heaviside(z, z.dtype.type(0))
        case "softplus":
            return _sig(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_factor=0.5)
def net(case):
    names = [l.activation.name for l in case.layers]
    theta = [(l.weights.copy(), None if l.biases is None else l.biases.copy()) for l in case.layers]
    step = case.x.dtype.type(case.learning_rate)
    result = []
    for idx in case.batches:
        a, y = case.x[idx], case.y[idx]
        A, Z = [a], []
        for (w, b), name in zip(theta, names):
            z = np.einsum("ij,nj->ni", w, A[-1])
            if b is not None:
                z = z + b
            Z.append(z)
            A.append(act(name, z))
        o, z = A[-1], Z[-1]

        if case.loss == "squared":
            loss = np.einsum("ni,ni->", o - y, o - y) / 2
            if names[-1] == "softmax":
                dot = np.einsum("ni,ni->n", o - y, o)
                d = o * (o - y - dot[:, None])
            else:
                d = (o - y) * dact(names[-1], z, o)
        else:
            if case.loss == "log":
                loss = np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
            else:
                m = z - z.max(axis=1)[:, None]
                loss = np.sum(y * (np.log(np.exp(m).sum(axis=1))[:, None] - m))
            d = o - y

        D = [d]
        for k in range(len(theta) - 1, 0, -1):
            back = np.einsum("ji,nj->ni", theta[k][0], D[0]) * dact(names[k - 1], Z[k - 1], A[k])
            per_neuron = back.mean(axis=0)
            D.insert(0, np.tile(per_neuron, (len(idx), 1)))

        grads = []
        for k, layer in enumerate(case.layers):
            g = np.einsum("ni,nj->ij", D[k], A[k])
            grads.append((g if layer.mask is None else g * layer.mask,
                          None if layer.biases is None else np.einsum("ni->i", D[k])))
        theta = [(w - step * g, None if b is None else b - step * h) for (w, b), (g, h) in zip(theta, grads)]
        result.append({
            "net_inputs": Z, "activations": A[1:], "deltas": D, "loss": loss,
            "weight_gradients": [g for g, _ in grads], "bias_gradients": [h for _, h in grads],
            "weights": [w for w, _ in theta], "biases": [b for _, b in theta],
        })
    return result
