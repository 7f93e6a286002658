"""Fault: the batch's input is read from its flat buffer without its row stride (s * n_0 is forgotten), so that row 0
stands for every sample of the batch, in the forward pass and in the first layer's gradient."""
import math
import numpy as np
import backproof

KINDS = ["identity", "sigmoid", "tanh", "relu", "softmax"]


def squash(kind, buf, start, n):
    """in place on buf[start:start+n]"""
    if kind == "softmax":
        m = max(buf[start:start + n])
        total = 0.0
        for i in range(start, start + n):
            buf[i] = math.exp(buf[i] - m)
            total += buf[i]
        for i in range(start, start + n):
            buf[i] /= total
        return
    for i in range(start, start + n):
        v = buf[i]
        if kind == "sigmoid":
            buf[i] = 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))
        elif kind == "tanh":
            buf[i] = math.tanh(v)
        elif kind == "relu" and v < 0:
            buf[i] = 0.0


def slope(kind, a):
    return {"sigmoid": a * (1 - a), "tanh": 1 - a * a, "relu": float(a > 0)}.get(kind, 1.0)


@backproof.subject(activations=KINDS, losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    dt, L = case.x.dtype, len(case.layers)
    width = [case.x.shape[1]] + [l.weights.shape[0] for l in case.layers]
    kind = [l.activation.name for l in case.layers]
    W = [l.weights.flatten().tolist() for l in case.layers]
    B = [None if l.biases is None else l.biases.tolist() for l in case.layers]
    M = [None if l.mask is None else l.mask.flatten().tolist() for l in case.layers]
    out = []
    for batch in case.batches:
        n = len(batch)
        x, y = case.x[batch].flatten().tolist(), case.y[batch].flatten().tolist()
        pitch = [0] + width[1:]  # how far apart the rows of each layer's activations are
        A, D = [x] + [[0.0] * (n * w) for w in width[1:]], [[0.0] * (n * w) for w in width[1:]]
        for l in range(L):
            ni, no = width[l], width[l + 1]
            for s in range(n):
                for i in range(no):
                    t = B[l][i] if B[l] is not None else 0.0
                    for j in range(ni):
                        t += W[l][i * ni + j] * A[l][s * pitch[l] + j]
                    A[l + 1][s * no + i] = t
                squash(kind[l], A[l + 1], s * no, no)
        factor = 2.0 if case.loss == "squared" else 1.0
        for q in range(n * width[L]):
            D[L - 1][q] = factor * (A[L][q] - y[q])
        for l in range(L - 2, -1, -1):
            me, up = width[l + 1], width[l + 2]
            for s in range(n):
                for j in range(me):
                    t = 0.0
                    for i in range(up):
                        t += W[l + 1][i * me + j] * D[l + 1][s * up + i]
                    D[l][s * me + j] = t * slope(kind[l], A[l + 1][s * me + j])
        gW, gB = [[0.0] * len(w) for w in W], [None if b is None else [0.0] * len(b) for b in B]
        for l in range(L):
            ni, no = width[l], width[l + 1]
            for s in range(n):
                for i in range(no):
                    d = D[l][s * no + i]
                    for j in range(ni):
                        if M[l] is None or M[l][i * ni + j]:
                            gW[l][i * ni + j] += d * A[l][s * pitch[l] + j]
                    if B[l] is not None:
                        gB[l][i] += d
            for q in range(no * ni):
                W[l][q] -= case.learning_rate * gW[l][q]
            for q in range(no if B[l] is not None else 0):
                B[l][q] -= case.learning_rate * gB[l][q]
        mats = lambda vs: [np.array(v, dt).reshape(width[l + 1], width[l]) for l, v in enumerate(vs)]
        rows = lambda vs: [np.array(v, dt).reshape(n, width[l + 1]) for l, v in enumerate(vs)]
        vecs = lambda vs: [None if v is None else np.array(v, dt) for v in vs]
        out.append({"activations": rows(A[1:]), "deltas": rows(D), "weight_gradients": mats(gW),
                    "bias_gradients": vecs(gB), "weights": mats(W), "biases": vecs(B)})
    return out
