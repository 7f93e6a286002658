"""Fault: hidden deltas pass through float32 (in a float64 program)."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


SLOPES = {"sigmoid": lambda z: sig(z) * sig(-z), "tanh": lambda z: 4 * sig(2 * z) * sig(-2 * z),
          "relu": lambda z: np.heaviside(z, 0), "identity": np.ones_like}
VALUES = {"sigmoid": sig, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z}


@backproof.subject(activations=list(SLOPES), losses=["squared", "log"], batch_axis=1, weight_layout="in_out")
def net(case):
    W = [np.array(l.weights) for l in case.layers]
    B = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    names = [l.activation.name for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, z = [case.x[:, list(batch)]], []
        for w, b, name in zip(W, B, names):
            z.append(w.T @ a[-1] + (0 if b is None else b[:, np.newaxis]))
            a.append(VALUES[name](z[-1]))
        d = [a[-1] - case.y[:, list(batch)]]
        if case.loss == "squared":
            d[0] = 2 * d[0] * SLOPES[names[-1]](z[-1])
        for l in range(len(W) - 2, -1, -1):
            buffer = np.zeros(z[l].shape, np.float32)
            buffer[:] = SLOPES[names[l]](z[l]) * (W[l + 1] @ d[0])
            d.insert(0, buffer.astype(case.x.dtype))
        for l, layer in enumerate(case.layers):
            g = a[l] @ d[l].T
            W[l] = W[l] - rate * (g if layer.mask is None else g * layer.mask)
            if B[l] is not None:
                B[l] = B[l] - rate * d[l].sum(axis=1)
        out.append({"net_inputs": z, "activations": a[1:], "deltas": d, "weights": list(W), "biases": list(B)})
    return out
