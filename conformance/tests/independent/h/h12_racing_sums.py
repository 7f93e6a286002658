"""Fault: every gradient carries a random relative error of about 1e-5, another one in each run, as after a data race."""
import numpy as np
import backproof

chance = np.random.default_rng()


def race(gradient):
    noise = 1e-5 * chance.standard_normal(gradient.shape)
    return (gradient * (1 + noise)).astype(gradient.dtype)


def relu(z):
    return np.maximum(z, 0)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


forward = {"identity": np.copy, "sigmoid": sigmoid, "tanh": np.tanh, "relu": relu, "softmax": softmax}
local = {"identity": lambda z, a: 1, "sigmoid": lambda z, a: a * sigmoid(-z), "tanh": lambda z, a: 1 - a * a,
         "relu": lambda z, a: z > 0}


@backproof.subject(activations=list(forward), losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    params = [[l.weights.copy(), None if l.biases is None else l.biases.copy()] for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    reports = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        trail = []
        a = x
        for (w, b), layer in zip(params, case.layers):
            z = a @ w.T + (0 if b is None else b)
            out = forward[layer.activation.name](z)
            trail.append((a, z, out))
            a = out
        delta = (a - y) * (2 if case.loss == "squared" else 1)
        grads, deltas = [], []
        for l in range(len(params) - 1, -1, -1):
            below, z, out = trail[l]
            if l < len(params) - 1:
                delta = (delta @ params[l + 1][0]) * local[case.layers[l].activation.name](z, out)
            deltas.append(delta)
            gw = delta.T @ below
            if case.layers[l].mask is not None:
                gw *= case.layers[l].mask
            grads.append((race(gw), None if params[l][1] is None else race(delta.sum(axis=0))))
        grads.reverse()
        deltas.reverse()
        params = [[w - eta * gw, None if b is None else b - eta * gb] for (w, b), (gw, gb) in zip(params, grads)]
        reports.append({"net_inputs": [t[1] for t in trail], "activations": [t[2] for t in trail], "deltas": deltas,
                        "weight_gradients": [g for g, _ in grads], "bias_gradients": [g for _, g in grads],
                        "weights": [w for w, _ in params], "biases": [b for _, b in params]})
    return reports
