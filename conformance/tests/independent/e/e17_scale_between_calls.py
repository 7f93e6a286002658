"""Fault: gradients are scaled by (largest |x| now) / (largest |x| of any earlier call with this network shape)."""
import numpy as np
import backproof

LARGEST = {}


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def forward(case, W, B, x):
    Z, A = [], [x]
    for w, b, l in zip(W, B, case.layers):
        z = A[-1] @ w.T
        Z.append(z if b is None else z + b)
        A.append({"sigmoid": sig, "tanh": np.tanh, "identity": np.array}[l.activation.name](Z[-1]))
    return Z, A


def slope(name, z):
    if name == "identity":
        return np.ones_like(z)
    return sig(z) * sig(-z) if name == "sigmoid" else 4 * sig(2 * z) * sig(-2 * z)


@backproof.subject(activations=["sigmoid", "tanh", "identity"], losses=["squared", "log"])
def net(case):
    W, B = [l.weights.copy() for l in case.layers], [l.biases for l in case.layers]
    shape = tuple(w.shape for w in W)
    now = float(np.abs(case.x).max())
    earlier = LARGEST.get(shape, 0.0) or now or 1.0
    scale = case.x.dtype.type(now / earlier)
    LARGEST[shape] = max(LARGEST.get(shape, 0.0), now)
    names = [l.activation.name for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        Z, A = forward(case, W, B, case.x[list(batch)])
        D = [A[-1] - case.y[list(batch)]]
        if case.loss == "squared":
            D[0] = 2 * D[0] * slope(names[-1], Z[-1])
        for l in range(len(W) - 2, -1, -1):
            D.insert(0, (D[0] @ W[l + 1]) * slope(names[l], Z[l]))
        gw = [scale * (d.T @ a) for d, a in zip(D, A)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if b is None else scale * d.sum(0) for d, b in zip(D, B)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        out.append({"weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": B})
    return out
