"""No fault. The whole network is ONE square matrix over all neurons, inputs included, and knows no layers: values
spread by sweeps a <- f(M a + b) until they have settled (as many sweeps as the longest path), deltas by sweeps
d <- seed + f'(z) M^T d in the other direction. What is no edge stays 0."""
import numpy as np

import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, np.ones_like(z), e) / (1 + e)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


SHAPES = {
    "identity": (lambda z, p: z, lambda z, p: np.ones_like(z)),
    "sigmoid": (lambda z, p: logistic(z), lambda z, p: logistic(z) * logistic(-z)),
    "tanh": (lambda z, p: np.tanh(z), lambda z, p: 4 * logistic(2 * z) * logistic(-2 * z)),
    "relu": (lambda z, p: np.maximum(z, 0), lambda z, p: np.where(z > 0, np.ones_like(z), 0)),
    "leaky_relu": (lambda z, p: np.where(z > 0, z, p["slope"] * z),
                   lambda z, p: np.where(z > 0, np.ones_like(z), p["slope"])),
    "elu": (lambda z, p: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
            lambda z, p: np.where(z > 0, np.ones_like(z), p["alpha"] * np.exp(np.minimum(z, 0)))),
    "softplus": (lambda z, p: np.logaddexp(0, z), lambda z, p: logistic(z)),
    "softmax": (lambda z, p: softmax(z), None),
}


@backproof.subject(activations=list(SHAPES), losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype, specs = case.x.dtype, case.layers
    sizes = [case.x.shape[1]] + [len(s.weights) for s in specs]
    ends = np.cumsum(sizes)
    place = [slice(e - n, e) for n, e in zip(sizes, ends)]
    total, L = int(ends[-1]), len(specs)
    M, b = np.zeros((total, total), dtype), np.zeros(total, dtype)
    edge, free = np.zeros((total, total), bool), np.zeros(total, bool)
    kinds = []
    for l, s in enumerate(specs, start=1):
        M[place[l], place[l - 1]] = s.weights
        edge[place[l], place[l - 1]] = True if s.mask is None else s.mask
        if s.biases is not None:
            b[place[l]], free[place[l]] = s.biases, True
        kinds.append((place[l], *SHAPES[s.activation.name], dict(s.activation.parameters)))
    outputs, name = place[-1], specs[-1].activation.name

    def fire(z, x):
        a = np.empty_like(z)
        a[:, place[0]] = x
        for where, f, _, p in kinds:
            a[:, where] = f(z[:, where], p)
        return a

    def weights_of(m):
        return [m[place[l], place[l - 1]].copy() for l in range(1, L + 1)]

    def biases_of(v):
        return [v[place[l]].copy() if specs[l - 1].biases is not None else None for l in range(1, L + 1)]

    frames = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        a = np.zeros((len(x), total), dtype)
        a[:, place[0]] = x
        for _ in range(L):
            z = a @ M.T + b
            a = fire(z, x)
        zo, o = z[:, outputs], a[:, outputs]
        slope = np.zeros_like(z)
        for where, _, df, p in kinds[:-1]:
            slope[:, where] = df(z[:, where], p)
        seed = np.zeros_like(z)
        if case.loss == "squared":
            loss, g = ((o - y) ** 2).sum(), 2 * (o - y)
            seed[:, outputs] = (o * (g - (g * o).sum(axis=1, keepdims=True)) if name == "softmax"
                                else g * SHAPES[name][1](zo, kinds[-1][3]))
        else:
            seed[:, outputs] = o - y
            if case.loss == "log":
                loss = (y * np.logaddexp(0, -zo) + (1 - y) * np.logaddexp(0, zo)).sum()
            else:
                loss = (y * (np.logaddexp.reduce(zo, axis=1, keepdims=True) - zo)).sum()
        d = seed
        for _ in range(L - 1):
            d = seed + slope * (d @ M)
        gradient, bias_gradient = np.where(edge, d.T @ a, 0).astype(dtype), np.where(free, d.sum(axis=0), 0).astype(dtype)
        M = M - dtype.type(case.learning_rate) * gradient
        b = b - dtype.type(case.learning_rate) * bias_gradient
        split = lambda t: [t[:, where].copy() for where in place[1:]]
        frames.append({"net_inputs": split(z), "activations": split(a), "deltas": split(d), "loss": loss,
                       "weight_gradients": weights_of(gradient), "bias_gradients": biases_of(bias_gradient),
                       "weights": weights_of(M), "biases": biases_of(b)})
    return frames
