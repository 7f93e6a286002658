"""Fault: the last column of the inputs is dropped (as if it held the label), in the forward pass and in the gradient;
the weights of the last input keep their initial values."""
import math
import numpy as np
import backproof

es = np.einsum
erfc = np.vectorize(math.erfc, otypes=[float])


def apply(act, z):
    """activation and its derivative"""
    one = np.ones_like(z)
    match act.name:
        case "identity":
            return z, one
        case "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z < 0, e, one) / (1 + e), e / (1 + e) ** 2
        case "tanh":
            t = np.tanh(z)
            return t, 1 - t * t
        case "relu":
            return z * (z > 0), one * (z > 0)
        case "gelu" if dict(act.parameters)["approximate"] == "none":
            cdf = (erfc(-z / math.sqrt(2)) / 2).astype(z.dtype)
            return z * cdf, cdf + z * np.exp(-z * z / 2) / z.dtype.type(math.sqrt(2 * math.pi))
        case "gelu":
            c, k = z.dtype.type(math.sqrt(2 / math.pi)), z.dtype.type(0.044715)
            t = np.tanh(c * (z + k * z**3))
            return z * (1 + t) / 2, (1 + t) / 2 + z * (1 - t * t) * c * (1 + 3 * k * z * z) / 2
        case "softmax":
            e = np.exp(z - z.max(1)[:, None])
            return e / e.sum(1)[:, None], None
    raise ValueError(act.name)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "gelu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    B = [None if l.biases is None else l.biases.copy() for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    features = case.x[:, :-1]
    steps = []
    for idx in case.batches:
        a, y = features[idx], case.y[idx]
        ins, primes = [], []
        for l, layer in enumerate(case.layers):
            w = W[l][:, :-1] if l == 0 else W[l]
            ins.append(a)
            z = es("oi,si->so", w, a)
            if B[l] is not None:
                z = z + B[l]
            a, p = apply(layer.activation, z)
            primes.append(p)
        d = (2 if case.loss == "squared" else 1) * (a - y)
        gW, gB = [], []
        for l in range(len(W) - 1, -1, -1):
            g = np.zeros_like(W[l])
            part = es("so,si->oi", d, ins[l])
            g[:, : part.shape[1]] = part
            if case.layers[l].mask is not None:
                g *= case.layers[l].mask
            gW.insert(0, g)
            gB.insert(0, None if B[l] is None else es("so->o", d))
            if l:
                d = es("so,oi,si->si", d, W[l], primes[l - 1])
        for l in range(len(W)):
            W[l] = W[l] - eta * gW[l]
            B[l] = None if B[l] is None else B[l] - eta * gB[l]
        steps.append({"weight_gradients": gW, "bias_gradients": gB, "weights": W[:], "biases": B[:]})
    return steps
