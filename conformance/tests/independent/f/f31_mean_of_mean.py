"""Fault: the mean is taken twice: the output deltas carry 1/n already and the gradients are divided by n once more."""
import math
import numpy as np
import backproof


def logistic(t):
    if t >= 0:
        return 1.0 / (1.0 + math.exp(-t))
    e = math.exp(t)
    return e / (1.0 + e)


def neuron(name, t):
    """Value and slope of a scalar activation."""
    if name == "sigmoid":
        return logistic(t), logistic(t) * logistic(-t)
    if name == "tanh":
        return math.tanh(t), 1.0 - math.tanh(t) ** 2
    if name == "relu":
        return (t, 1.0) if t > 0 else (0.0, 0.0)
    return t, 1.0


def softplus(t):
    return max(t, 0.0) + math.log1p(math.exp(-abs(t)))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean")
def net(case):
    kind = case.x.dtype
    rate = float(case.learning_rate)
    W = [[[float(v) for v in row] for row in l.weights] for l in case.layers]
    B = [None if l.biases is None else [float(v) for v in l.biases] for l in case.layers]
    names = [l.activation.name for l in case.layers]
    L = len(W)
    report = []
    for batch in case.batches:
        n = len(batch)
        Z, A, D = [[] for _ in W], [[] for _ in W], [[] for _ in W]
        GW = [[[0.0] * len(row) for row in w] for w in W]
        GB = [None if b is None else [0.0] * len(b) for b in B]
        loss = 0.0
        for s in batch:
            below = [float(v) for v in case.x[s]]
            y = [float(v) for v in case.y[s]]
            inputs, slopes = [], []
            for l in range(L):
                inputs.append(below)
                z = [sum(w * a for w, a in zip(row, below)) + (0.0 if B[l] is None else B[l][i])
                     for i, row in enumerate(W[l])]
                if names[l] == "softmax":
                    e = [math.exp(v - max(z)) for v in z]
                    pairs = [(v / sum(e), None) for v in e]
                else:
                    pairs = [neuron(names[l], v) for v in z]
                below = [p[0] for p in pairs]
                slopes.append([p[1] for p in pairs])
                Z[l].append(z), A[l].append(below)
            z, o = Z[-1][-1], below
            if case.loss == "squared":
                loss += sum((yi - oi) ** 2 for yi, oi in zip(y, o)) / n
                g = [2.0 * (oi - yi) for yi, oi in zip(y, o)]
                if names[-1] == "softmax":
                    mix = sum(gi * oi for gi, oi in zip(g, o))
                    d = [oi * (gi - mix) / n for gi, oi in zip(g, o)]
                else:
                    d = [gi * si / n for gi, si in zip(g, slopes[-1])]
            elif case.loss == "log":
                loss += sum(yi * softplus(-zi) + (1 - yi) * softplus(zi) for yi, zi in zip(y, z)) / n
                d = [((1 - yi) * logistic(zi) - yi * logistic(-zi)) / n for yi, zi in zip(y, z)]
            else:
                lse = max(z) + math.log(sum(math.exp(v - max(z)) for v in z))
                loss += sum(yi * (lse - zi) for yi, zi in zip(y, z)) / n
                d = [(oi - yi) / n for yi, oi in zip(y, o)]
            for l in range(L - 1, -1, -1):
                D[l].append(d)
                for i, di in enumerate(d):
                    for j, aj in enumerate(inputs[l]):
                        GW[l][i][j] += di * aj
                    if GB[l] is not None:
                        GB[l][i] += di
                if l:
                    d = [slopes[l - 1][j] * sum(d[i] * W[l][i][j] for i in range(len(d)))
                         for j in range(len(inputs[l]))]
        for l, spec in enumerate(case.layers):
            for i in range(len(W[l])):
                for j in range(len(W[l][i])):
                    GW[l][i][j] /= n
                    if spec.mask is not None and not spec.mask[i][j]:
                        GW[l][i][j] = 0.0
                    W[l][i][j] -= rate * GW[l][i][j]
                if B[l] is not None:
                    GB[l][i] /= n
                    B[l][i] -= rate * GB[l][i]

        def arrays(nested):
            return [None if part is None else np.array(part, dtype=kind) for part in nested]
        report.append({"net_inputs": arrays(Z), "activations": arrays(A), "deltas": arrays(D),
                       "loss": kind.type(loss), "weight_gradients": arrays(GW), "bias_gradients": arrays(GB),
                       "weights": arrays(W), "biases": arrays(B)})
    return report
