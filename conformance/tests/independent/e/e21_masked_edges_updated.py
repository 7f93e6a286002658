"""Fault: edges that do not exist (mask False) get a gradient and are updated."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


@backproof.subject(activations=["relu", "sigmoid", "tanh", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    names = [l.activation.name for l in case.layers]
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        a, jac = [x], []
        for w, b, name in zip(W, B, names):
            z = a[-1] @ w if b is None else a[-1] @ w + b
            if name == "softmax":
                e = np.exp(z - z.max(1, keepdims=True))
                o = e / e.sum(1, keepdims=True)
                jac.append(lambda g, o=o: o * (g - (g * o).sum(1, keepdims=True)))
            elif name == "relu":
                o = np.maximum(z, 0)
                jac.append(lambda g, z=z: g * (z > 0))
            elif name == "sigmoid":
                o = sig(z)
                jac.append(lambda g, z=z: g * sig(z) * sig(-z))
            elif name == "tanh":
                o = np.tanh(z)
                jac.append(lambda g, z=z: g * 4 * sig(2 * z) * sig(-2 * z))
            else:
                o = z
                jac.append(lambda g: g)
            a.append(o)
        d = jac[-1](2 * (a[-1] - y)) if case.loss == "squared" else a[-1] - y
        deltas = [d]
        for w, j in zip(W[:0:-1], jac[-2::-1]):
            deltas.insert(0, j(deltas[0] @ w.T))
        gw = [p.T @ d for p, d in zip(a, deltas)]
        gb = [None if b is None else d.sum(0) for b, d in zip(B, deltas)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        out.append({"activations": a[1:], "deltas": deltas, "weight_gradients": gw, "bias_gradients": gb,
                    "weights": W, "biases": B})
    return out
