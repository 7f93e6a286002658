"""Style: a pipeline of primitive operations, each returning (value, pullback closure). Faults (two): only the diagonal of the softmax Jacobian is used (o(1-o) times dJ/do) AND weight decay of 0.01 in the update."""

import numpy as np

import backproof

DECAY = 0.01


def linear(W):
    def op(a):
        return a @ W.T, lambda g: (g @ W, g.T @ a)

    return op


def shift(b):
    def op(u):
        if b is None:
            return u, lambda g: (g, None)
        return u + b, lambda g: (g, g.sum(axis=0))

    return op


def sigmoid(z):
    e = np.exp(-np.abs(z))
    s = np.where(z >= 0, 1, e) / (1 + e)
    r = np.where(z >= 0, e, 1) / (1 + e)
    return s, lambda g: g * s * r


def tanh(z):
    t = np.tanh(z)
    return t, lambda g: g * (1 - t * t)


def relu(z):
    on = z > 0
    return z * on, lambda g: g * on


def identity(z):
    return z, lambda g: g


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    o = e / e.sum(axis=1, keepdims=True)
    return o, lambda g: g * o * (1 - o)


OPS = {"sigmoid": sigmoid, "tanh": tanh, "relu": relu, "identity": identity, "softmax": softmax}


def squared(z, o, y, pull):
    return np.sum((o - y) ** 2), pull(2 * (o - y))


def log(z, o, y, pull):
    return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)), o - y


def cross_entropy(z, o, y, pull):
    t = z - z.max(axis=1, keepdims=True)
    value = np.sum(y * (np.log(np.exp(t).sum(axis=1, keepdims=True)) - t))
    return value, -y * (1 - o)  # dJ/do = -y/o times o(1-o), the o cancelled by hand


@backproof.subject(activations=list(OPS), losses=["squared", "log", "cross_entropy"])
def net(case):
    params = [(c.weights, c.biases) for c in case.layers]
    loss_op = {"squared": squared, "log": log, "cross_entropy": cross_entropy}[case.loss]
    alpha = float(case.learning_rate)
    updates = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        zs, outs, pulls = [], [], []
        for c, (W, b) in zip(case.layers, params):
            u, pull_linear = linear(W)(a)
            z, pull_shift = shift(b)(u)
            a, pull_act = OPS[c.activation.name](z)
            zs.append(z)
            outs.append(a)
            pulls.append((pull_linear, pull_shift, pull_act))
        loss, g = loss_op(zs[-1], a, y, pulls[-1][2])
        deltas, gW, gb = [], [], []
        for l in range(len(params) - 1, -1, -1):
            pull_linear, pull_shift, _ = pulls[l]
            deltas.insert(0, g)
            g, db = pull_shift(g)
            g, dW = pull_linear(g)
            mask = case.layers[l].mask
            gW.insert(0, dW if mask is None else dW * mask)
            gb.insert(0, db)
            if l:
                g = pulls[l - 1][2](g)
        params = [
            (W - alpha * (dW + DECAY * W), None if b is None else b - alpha * db)
            for (W, b), dW, db in zip(params, gW, gb)
        ]
        updates.append(
            {
                "net_inputs": zs,
                "activations": outs,
                "loss": loss,
                "deltas": deltas,
                "weight_gradients": gW,
                "bias_gradients": gb,
                "weights": [W for W, _ in params],
                "biases": [b for _, b in params],
            }
        )
    return updates
