"""Fault: the leaky ReLU's derivative has its two branches exchanged: the slope on the positive side and 1 on the
negative side. The forward pass is right."""
import math
import numpy as np
import backproof

erf = np.vectorize(math.erf, otypes=[np.float64])
erfc = np.vectorize(math.erfc, otypes=[np.float64])


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.einsum("nk->n", e)[:, None]


def normal_cdf(z):
    return (0.5 * erfc(-z / math.sqrt(2))).astype(z.dtype)


def gelu(z, approximate):
    if approximate == "none":
        return z * normal_cdf(z)
    return z * logistic(2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z ** 3))


def gelu_prime(z, approximate):
    if approximate == "none":
        return normal_cdf(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    c = 2 * math.sqrt(2 / math.pi)
    u = c * (z + 0.044715 * z ** 3)
    return logistic(u) + z * logistic(u) * logistic(-u) * c * (1 + 3 * 0.044715 * z * z)


FORWARD = {
    "identity": lambda z: z,
    "sigmoid": logistic,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z, slope: np.where(z > 0, z, slope * z),
    "elu": lambda z, alpha: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
    "gelu": gelu,
    "softmax": softmax,
}
PRIME = {
    "identity": lambda z: np.ones_like(z),
    "sigmoid": lambda z: logistic(z) * logistic(-z),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": lambda z: (z > 0).astype(z.dtype),
    "leaky_relu": lambda z, slope: np.where(z > 0, slope, np.ones_like(z)),
    "elu": lambda z, alpha: np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0))),
    "softplus": logistic,
    "gelu": gelu_prime,
}


def output_delta(loss, name, z, o, y):
    if loss != "squared":
        return o - y
    g = 2 * (o - y)
    if name == "softmax":
        jacobian = np.einsum("ni,ij->nij", o, np.eye(o.shape[1], dtype=o.dtype)) - np.einsum("ni,nj->nij", o, o)
        return np.einsum("nij,ni->nj", jacobian, g)
    return g * PRIME[name](z)


def one_update(case, batch, W, B):
    acts = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
    A, Z = [case.x[batch]], []
    for w, b, (name, par) in zip(W, B, acts):
        z = np.einsum("ij,nj->ni", w, A[-1])
        if b is not None:
            z = z + b
        Z.append(z)
        A.append(FORWARD[name](z, **par))
    D = [output_delta(case.loss, acts[-1][0], Z[-1], A[-1], case.y[batch])]
    for l in range(len(W) - 1, 0, -1):
        name, par = acts[l - 1]
        D.insert(0, PRIME[name](Z[l - 1], **par) * np.einsum("nj,ji->ni", D[0], W[l]))
    GW = [np.einsum("ni,nj->ij", d, a) for d, a in zip(D, A)]
    GW = [g if l.mask is None else np.where(l.mask, g, 0) for g, l in zip(GW, case.layers)]
    GB = [None if b is None else np.einsum("ni->i", d) for d, b in zip(D, B)]
    return {"net_inputs": Z, "activations": A[1:], "deltas": D, "weight_gradients": GW, "bias_gradients": GB}


@backproof.subject(activations=sorted(FORWARD), losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    story = []
    for batch in case.batches:
        r = one_update(case, list(batch), W, B)
        W = [w - case.learning_rate * g for w, g in zip(W, r["weight_gradients"])]
        B = [None if b is None else b - case.learning_rate * g for b, g in zip(B, r["bias_gradients"])]
        story.append({**r, "weights": W, "biases": B})
    return story
