"""Fault: the forward pass forgets the bias, z = W a (its gradient and its step are still computed). Mean over the
batch, deltas per sample."""
import math
import numpy as np
import backproof


def sig(t):
    return 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))


def softplus(t):
    return max(t, 0) + math.log1p(math.exp(-abs(t)))


def fire(name, zs):
    if name == "softmax":
        top = max(zs)
        e = [math.exp(t - top) for t in zs]
        return [v / sum(e) for v in e]
    one = {"identity": float, "sigmoid": sig, "tanh": math.tanh, "relu": lambda t: max(t, 0.0), "softplus": softplus}[name]
    return [one(t) for t in zs]


def slope(name, z, a):
    return {"identity": 1.0, "sigmoid": a * (1 - a), "tanh": 1 - a * a, "relu": float(z > 0)}.get(name) \
        if name != "softplus" else sig(z)


def sample_loss(loss, z, o, y):
    if loss == "squared":
        return sum((t - v) ** 2 for t, v in zip(y, o))
    if loss == "log":
        return sum(t * softplus(-v) + (1 - t) * softplus(v) for t, v in zip(y, z))
    top = max(z)
    norm = top + math.log(sum(math.exp(v - top) for v in z))
    return sum(t * (norm - v) for t, v in zip(y, z))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"],
                   reduction="mean", delta_of="sample")
def net(case):
    dtype, rate, L = case.x.dtype, case.learning_rate, len(case.layers)
    W = [l.weights.tolist() for l in case.layers]
    B = [None if l.biases is None else l.biases.tolist() for l in case.layers]
    arr = lambda rows: [None if r is None else np.array(r, dtype) for r in rows]
    result = []
    for batch in case.batches:
        Z, A, D = ([[] for _ in range(L)] for _ in range(3))
        GW = [[[0.0] * len(row) for row in w] for w in W]
        GB = [None if b is None else [0.0] * len(b) for b in B]
        E = 0.0
        for s in batch:
            x, y = case.x[s].tolist(), case.y[s].tolist()
            a, zs = [x], []
            for l in range(L):
                z = [sum(w * v for w, v in zip(row, a[l])) for row in W[l]]
                zs.append(z)
                a.append(fire(case.layers[l].activation.name, z))
            E += sample_loss(case.loss, zs[-1], a[-1], y)
            d = [None] * L
            d[-1] = [(2 if case.loss == "squared" else 1) * (o - t) for o, t in zip(a[-1], y)]
            for l in range(L - 2, -1, -1):
                name = case.layers[l].activation.name
                d[l] = [slope(name, zs[l][i], a[l + 1][i]) * sum(W[l + 1][j][i] * d[l + 1][j] for j in range(len(d[l + 1])))
                        for i in range(len(zs[l]))]
            for l in range(L):
                Z[l].append(zs[l]), A[l].append(a[l + 1]), D[l].append(d[l])
                for i, delta in enumerate(d[l]):
                    for j, v in enumerate(a[l]):
                        if case.layers[l].mask is None or case.layers[l].mask[i, j]:
                            GW[l][i][j] += delta * v / len(batch)
                    if GB[l] is not None:
                        GB[l][i] += delta / len(batch)
        for l in range(L):
            W[l] = [[w - rate * g for w, g in zip(*rows)] for rows in zip(W[l], GW[l])]
            if B[l] is not None:
                B[l] = [b - rate * g for b, g in zip(B[l], GB[l])]
        result.append({"net_inputs": arr(Z), "activations": arr(A), "deltas": arr(D), "loss": dtype.type(E / len(batch)),
                       "weight_gradients": arr(GW), "bias_gradients": arr(GB), "weights": arr(W), "biases": arr(B)})
    return result
