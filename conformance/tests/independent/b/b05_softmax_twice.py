"""Style: np.matmul over a stacked batch of (batch, n, 1) columns, classification only; fault: softmax is applied twice."""

import numpy as np

import backproof


def soft(v):
    e = np.exp(v - np.max(v, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def log_soft(v):
    s = v - np.max(v, axis=1, keepdims=True)
    return s - np.log(np.sum(np.exp(s), axis=1, keepdims=True))


def sigma(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


def hidden(kind, v):
    return {"tanh": np.tanh, "sigmoid": sigma, "identity": np.array, "relu": lambda u: u * (u > 0)}[kind](v)


def hidden_slope(kind, v):
    if kind == "tanh":
        return 4 * sigma(2 * v) * sigma(-2 * v)
    if kind == "sigmoid":
        return sigma(v) * sigma(-v)
    if kind == "relu":
        return (v > 0) * np.ones_like(v)
    return np.ones_like(v)


def T(stack):
    return np.swapaxes(stack, -1, -2)


def flat(stacks):
    return [s[:, :, 0] for s in stacks]


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
    losses=["cross_entropy"],
    skips=["general-output-delta"],
)
def net(case):
    W = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases[:, None] for layer in case.layers]
    kinds = [layer.activation.name for layer in case.layers]
    depth = len(W)
    rate = float(case.learning_rate)
    story = []
    for batch in case.batches:
        x = case.x[list(batch)][:, :, None]
        y = case.y[list(batch)][:, :, None]
        A, Z = [x], []
        for l in range(depth):
            z = np.matmul(W[l], A[l])
            Z.append(z if b[l] is None else z + b[l])
            if l < depth - 1:
                A.append(hidden(kinds[l], Z[l]))
            else:
                A.append(soft(soft(Z[l])))
        loss = -np.sum(y * log_soft(soft(Z[-1])))

        D = [None] * depth
        D[-1] = A[-1] * y.sum(axis=1, keepdims=True) - y
        for l in range(depth - 2, -1, -1):
            D[l] = np.matmul(W[l + 1].T, D[l + 1]) * hidden_slope(kinds[l], Z[l])

        gW, gb = [], []
        for l in range(depth):
            g = np.matmul(D[l], T(A[l])).sum(axis=0)
            if case.layers[l].mask is not None:
                g = g * case.layers[l].mask
            gW.append(g)
            gb.append(None if b[l] is None else D[l].sum(axis=0))
        W = [w - rate * g for w, g in zip(W, gW)]
        b = [None if v is None else v - rate * g for v, g in zip(b, gb)]
        story.append(
            {
                "net_inputs": flat(Z),
                "activations": flat(A[1:]),
                "loss": loss,
                "deltas": flat(D),
                "weight_gradients": gW,
                "bias_gradients": [None if g is None else g[:, 0] for g in gb],
                "weights": W,
                "biases": [None if v is None else v[:, 0] for v in b],
            }
        )
    return story
