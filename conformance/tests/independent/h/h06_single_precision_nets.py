"""Fault: the product buffer is float32, so every net input keeps about 7 digits in a float64 run."""
import numpy as np
import backproof


def matmul_into_buffer(w, a, b):
    buffer = np.empty((w.shape[0], a.shape[1]), dtype=np.float32)
    z = w @ a
    if b is not None:
        z = z + b[:, None]
    buffer[:] = z
    return buffer.astype(a.dtype)


def sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def act(kind, par, z):
    """columns are samples; gives a and f'"""
    match kind:
        case "identity":
            return z.copy(), np.ones_like(z)
        case "sigmoid":
            return sigma(z), sigma(z) * sigma(-z)
        case "tanh":
            a = np.tanh(z)
            return a, (1 - a) * (1 + a)
        case "relu":
            return np.maximum(z, 0), np.heaviside(z, z.dtype.type(0))
        case "leaky_relu":
            s = np.where(z > 0, z.dtype.type(1), z.dtype.type(par["slope"]))
            return s * z, s
        case "elu":
            alpha = z.dtype.type(par["alpha"])
            m = np.minimum(z, 0)
            return np.where(z > 0, z, alpha * np.expm1(m)), np.where(z > 0, z.dtype.type(1), alpha * np.exp(m))
        case "softplus":
            return np.logaddexp(z, z.dtype.type(0)), sigma(z)
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0), None


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    W = [np.array(l.weights) for l in case.layers]
    b = [l.biases if l.biases is None else np.array(l.biases) for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    seen = []
    for batch in case.batches:
        X, Y = case.x[:, batch], case.y[:, batch]
        Z, A, S = [], [X], []
        for l, layer in enumerate(case.layers):
            z = matmul_into_buffer(W[l], A[-1], b[l])
            a, s = act(layer.activation.name, dict(layer.activation.parameters), z)
            Z.append(z); A.append(a); S.append(s)
        O, z = A[-1], Z[-1]
        if case.loss == "squared":
            loss = np.sum((Y - O) ** 2)
            G = 2 * (O - Y)
            D = G * S[-1] if S[-1] is not None else O * (G - np.sum(G * O, axis=0))
        elif case.loss == "log":
            zero = z.dtype.type(0)
            loss = np.sum(Y * np.logaddexp(zero, -z) + (1 - Y) * np.logaddexp(zero, z))
            D = O - Y
        else:
            s = z - z.max(axis=0)
            loss = np.sum(Y * (np.log(np.exp(s).sum(axis=0)) - s))
            D = O - Y
        deltas = [D]
        for l in range(len(W) - 1, 0, -1):
            deltas.insert(0, S[l - 1] * (W[l].T @ deltas[0]))
        gW = [d @ a.T for d, a in zip(deltas, A)]
        gW = [g if l.mask is None else np.where(l.mask, g, g.dtype.type(0)) for g, l in zip(gW, case.layers)]
        gb = [None if v is None else d.sum(axis=1) for d, v in zip(deltas, b)]
        W = [w - eta * g for w, g in zip(W, gW)]
        b = [None if v is None else v - eta * g for v, g in zip(b, gb)]
        seen.append(dict(net_inputs=Z, activations=A[1:], deltas=deltas, loss=loss, weight_gradients=gW,
                         bias_gradients=gb, weights=W, biases=b))
    return seen
