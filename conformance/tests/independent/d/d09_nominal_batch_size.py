"""Under a mean, a partial last batch is divided by the nominal batch size."""

import numpy as np

import backproof


def squash(name, z):
    if name == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    if name == "softmax":
        e = np.exp(z - z.max(1)[:, None])
        return e / e.sum(1)[:, None]
    return np.tanh(z) if name == "tanh" else np.maximum(z, 0) if name == "relu" else z


def steep(name, a):
    if name == "sigmoid":
        return a - a * a
    if name == "tanh":
        return 1 - a * a
    return np.sign(a) if name == "relu" else np.ones_like(a)


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["general-output-delta"],
    reduction="mean",
    delta_of="sample",
    weight_layout="in_out",
)
def net(case):
    batch_size = len(case.batches[0])
    lr = case.x.dtype.type(case.learning_rate)
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    names, masks = [l.activation.name for l in case.layers], [l.mask for l in case.layers]
    epochs = []
    for idx in case.batches:
        acts = [case.x[list(idx)]]
        for w, b, name in zip(W, B, names):
            z = acts[-1] @ w
            acts.append(squash(name, z if b is None else z + b))
        delta = (acts[-1] - case.y[list(idx)]) * (2 if case.loss == "squared" else 1)
        dW, dB = [None] * len(W), [None] * len(W)
        for l in range(len(W) - 1, -1, -1):
            dW[l] = acts[l].T @ delta / batch_size
            if masks[l] is not None:
                dW[l] *= masks[l]
            if B[l] is not None:
                dB[l] = delta.sum(0) / batch_size
            if l > 0:
                delta = (delta @ W[l].T) * steep(names[l - 1], acts[l])
        W = [w - lr * g for w, g in zip(W, dW)]
        B = [None if g is None else b - lr * g for b, g in zip(B, dB)]
        epochs.append({"weight_gradients": dW, "bias_gradients": dB, "weights": W, "biases": B})
    return epochs
