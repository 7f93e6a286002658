"""Fault: in the forward pass, activations of the update before are used again (from the second update on)."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def f(name, z):
    return {"sigmoid": sig, "tanh": np.tanh, "softplus": lambda t: np.logaddexp(0, t), "identity": np.copy}[name](z)


def df(name, z):
    return {"sigmoid": lambda t: sig(t) * sig(-t), "tanh": lambda t: 4 * sig(2 * t) * sig(-2 * t),
            "softplus": sig, "identity": np.ones_like}[name](z)


@backproof.subject(activations=["sigmoid", "tanh", "softplus", "identity"], losses=["squared", "log"])
def net(case):
    buffers = {}

    def through_buffer(l, a):
        """The activations of layer l, from its buffer; the buffer takes the new ones too late."""
        use = a.copy()
        if l in buffers:
            m = min(len(a), len(buffers[l]))
            use[:m] = buffers[l][:m]
        buffers[l] = a
        return use

    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    names, L = [l.activation.name for l in case.layers], len(W)
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        inputs, zs, acts, a = [], [], [], case.x[list(batch)]
        for l in range(L):
            inputs.append(a)
            zs.append(a @ W[l].T if B[l] is None else a @ W[l].T + B[l])
            a = f(names[l], zs[l])
            acts.append(a)
            if l < L - 1:
                a = through_buffer(l, a)
        y, z = case.y[list(batch)], zs[-1]
        if case.loss == "log":
            loss, d = np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)), [a - y]
        else:
            loss, d = np.sum((y - a) ** 2), [2 * (a - y) * df(names[-1], z)]
        for l in range(L - 1, 0, -1):
            d.insert(0, (d[0] @ W[l]) * df(names[l - 1], zs[l - 1]))
        gw = [e.T @ p if l.mask is None else (e.T @ p) * l.mask for e, p, l in zip(d, inputs, case.layers)]
        gb = [None if b is None else e.sum(0) for e, b in zip(d, B)]
        W = [w - rate * g for w, g in zip(W, gw)]
        B = [None if b is None else b - rate * g for b, g in zip(B, gb)]
        out.append({"net_inputs": zs, "activations": acts, "loss": loss, "deltas": d, "weight_gradients": gw,
                    "bias_gradients": gb, "weights": W, "biases": B})
    return out
