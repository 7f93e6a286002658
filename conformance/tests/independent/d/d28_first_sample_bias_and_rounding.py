"""Two faults: the last hidden layer's bias gradient is the first sample's delta, and layer 1 is rounded to 6 decimals."""

import numpy as np

import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


@backproof.subject(
    activations=["sigmoid", "tanh", "softplus", "identity"], losses=["squared", "log"], skips=["no-biases", "no-hidden-layer"]
)
def net(case):
    lr = case.x.dtype.type(case.learning_rate)
    W = [l.weights for l in case.layers]
    B = [l.biases for l in case.layers]
    last = len(W) - 1
    steps = []

    def activate(l, z):
        name = case.layers[l].activation.name
        if name == "softplus":
            return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), sigmoid(z)
        if name == "identity":
            return z, np.ones_like(z)
        a = sigmoid(z) if name == "sigmoid" else np.tanh(z)
        return a, a * (1 - a) if name == "sigmoid" else 1 - a * a

    for batch in case.batches:
        h, H, S = case.x[list(batch)], [], []
        for l in range(last + 1):
            H.append(h)
            h, s = activate(l, np.dot(h, W[l].T) + B[l])
            S.append(s)
        delta = h - case.y[list(batch)]
        if case.loss == "squared":
            delta = 2 * delta * S[last]
        GW, GB = [None] * (last + 1), [None] * (last + 1)
        for l in range(last, -1, -1):
            GW[l] = np.dot(delta.T, H[l])
            GB[l] = delta[0].copy() if l == last - 1 else delta.sum(axis=0)
            if case.layers[l].mask is not None:
                GW[l] = GW[l] * case.layers[l].mask
            if l:
                delta = np.dot(delta, W[l]) * S[l - 1]
        W = [w - lr * g for w, g in zip(W, GW)]
        B = [b - lr * g for b, g in zip(B, GB)]
        W[0] = np.round(W[0], 6)
        steps.append({"weight_gradients": GW, "bias_gradients": GB, "weights": list(W), "biases": list(B)})
    return steps if len(steps) > 1 else steps[0]
