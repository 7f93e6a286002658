"""At a net input of exactly 0 the derivative of ReLU, leaky ReLU and ELU is given as 20, a number that is neither the
left nor the right derivative nor anything between them."""
from math import exp, expm1, log, tanh

import numpy as np

import backproof

CORNER = 20.0


def value(name, p, z):
    if name == "relu":
        return z if z > 0 else 0.0
    if name == "leaky_relu":
        return z if z > 0 else p["slope"] * z
    if name == "elu":
        return z if z > 0 else p["alpha"] * expm1(z)
    if name == "tanh":
        return tanh(z)
    return z


def derivative(name, p, z):
    if name == "identity":
        return 1.0
    if name == "tanh":
        return 1.0 - tanh(z) ** 2
    if z == 0:
        return CORNER
    if z > 0:
        return 1.0
    return {"relu": lambda: 0.0, "leaky_relu": lambda: p["slope"], "elu": lambda: p["alpha"] * exp(z)}[name]()


def softmax(z):
    top = max(z)
    e = [exp(v - top) for v in z]
    return [v / sum(e) for v in e]


@backproof.subject(activations=["relu", "leaky_relu", "elu", "tanh", "identity", "softmax"],
                   losses=["squared", "cross_entropy"])
def net(case):
    dtype, depth = case.x.dtype, len(case.layers)
    W = [layer.weights.tolist() for layer in case.layers]
    B = [None if layer.biases is None else layer.biases.tolist() for layer in case.layers]
    M = [None if layer.mask is None else layer.mask.tolist() for layer in case.layers]
    kinds = [(layer.activation.name, dict(layer.activation.parameters)) for layer in case.layers]
    arrays = lambda nested: [None if v is None else np.array(v, dtype=dtype) for v in nested]
    out = []
    for batch in case.batches:
        gW = [[[0.0] * len(row) for row in w] for w in W]
        gB = [None if b is None else [0.0] * len(b) for b in B]
        loss = 0.0
        shown_z, shown_a, shown_d = ([[] for _ in range(depth)] for _ in range(3))
        for s in batch:
            a, y, z = [case.x[s].tolist()], case.y[s].tolist(), []
            for l in range(depth):
                name, p = kinds[l]
                z.append([sum(w * v for w, v in zip(W[l][i], a[l])) + (B[l][i] if B[l] is not None else 0.0)
                          for i in range(len(W[l]))])
                a.append(softmax(z[l]) if name == "softmax" else [value(name, p, v) for v in z[l]])
            name, p = kinds[-1]
            d = [None] * depth
            if case.loss == "cross_entropy":
                d[-1] = [o - t for o, t in zip(a[-1], y)]
                lse = max(z[-1]) + log(sum(exp(v - max(z[-1])) for v in z[-1]))
                loss += sum(t * (lse - v) for t, v in zip(y, z[-1]))
            else:
                g = [2 * (o - t) for o, t in zip(a[-1], y)]
                loss += sum((o - t) ** 2 for o, t in zip(a[-1], y))
                if name == "softmax":
                    inner = sum(gi * o for gi, o in zip(g, a[-1]))
                    d[-1] = [o * (gi - inner) for gi, o in zip(g, a[-1])]
                else:
                    d[-1] = [gi * derivative(name, p, v) for gi, v in zip(g, z[-1])]
            for l in range(depth - 2, -1, -1):
                name, p = kinds[l]
                d[l] = [derivative(name, p, z[l][i]) * sum(W[l + 1][j][i] * d[l + 1][j] for j in range(len(d[l + 1])))
                        for i in range(len(z[l]))]
            for l in range(depth):
                shown_z[l].append(z[l]), shown_a[l].append(a[l + 1]), shown_d[l].append(d[l])
                for i in range(len(d[l])):
                    if gB[l] is not None:
                        gB[l][i] += d[l][i]
                    for j in range(len(a[l])):
                        if M[l] is None or M[l][i][j]:
                            gW[l][i][j] += d[l][i] * a[l][j]
        for l in range(depth):
            for i in range(len(W[l])):
                W[l][i] = [w - case.learning_rate * g for w, g in zip(W[l][i], gW[l][i])]
            if B[l] is not None:
                B[l] = [b - case.learning_rate * g for b, g in zip(B[l], gB[l])]
        out.append({"net_inputs": arrays(shown_z), "activations": arrays(shown_a), "deltas": arrays(shown_d),
                    "loss": dtype.type(loss), "weight_gradients": arrays(gW), "bias_gradients": arrays(gB),
                    "weights": arrays(W), "biases": arrays(B)})
    return out
