"""Two faults. In the delta rule the weights are used as they are (W delta, where W^T delta is right); the padding to one
square size hides the mismatch of the shapes. And the learning rate is halved."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


FUN = {"identity": lambda z: z, "sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}
PRIME = {"identity": lambda z: np.ones_like(z), "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
         "tanh": lambda z: 1 - np.tanh(z) ** 2, "relu": lambda z: np.where(z > 0, z.dtype.type(1), z.dtype.type(0))}


@backproof.subject(activations=list(FUN) + ["softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    T = case.x.dtype
    L = len(case.layers)
    sizes = [case.x.shape[1]] + [len(l.weights) for l in case.layers]
    S = max(sizes)
    W, B, M = np.zeros((L, S, S), T), np.zeros((L, S), T), np.zeros((L, S, S), bool)
    H = np.zeros((L, S), bool)
    for l, layer in enumerate(case.layers):
        r, c = layer.weights.shape
        W[l, :r, :c] = layer.weights
        M[l, :r, :c] = True if layer.mask is None else layer.mask
        if layer.biases is not None:
            B[l, :r] = layer.biases
            H[l, :r] = True
    names = [l.activation.name for l in case.layers]
    eta = T.type(case.learning_rate) / 2
    k = sizes[-1]
    outs = []
    for batch in case.batches:
        n = len(batch)
        A, Z, D = np.zeros((L + 1, n, S), T), np.zeros((L, n, S), T), np.zeros((L, n, S), T)
        A[0, :, :sizes[0]] = case.x[batch]
        for l in range(L):
            Z[l] = np.einsum("ij,sj->si", W[l], A[l]) + B[l]
            here = Z[l, :, :sizes[l + 1]]
            if names[l] == "softmax":
                e = np.exp(here - here.max(1, keepdims=True))
                A[l + 1, :, :k] = e / e.sum(1, keepdims=True)
            else:
                A[l + 1, :, :sizes[l + 1]] = FUN[names[l]](here)
        y, o, z = case.y[batch], A[L, :, :k], Z[L - 1, :, :k]
        D[L - 1, :, :k] = (o - y) * (2 if case.loss == "squared" else 1)
        if case.loss == "squared":
            E = np.sum((o - y) ** 2)
        elif case.loss == "log":
            E = np.sum(np.logaddexp(0, z) - y * z)
        else:
            E = np.sum(y * (np.logaddexp.reduce(z, axis=1)[:, None] - z))
        for l in range(L - 2, -1, -1):
            m = sizes[l + 1]
            D[l, :, :m] = PRIME[names[l]](Z[l, :, :m]) * np.einsum("ij,sj->si", W[l + 1], D[l + 1])[:, :m]
        gW = np.einsum("lsi,lsj->lij", D, A[:-1]) * M
        gB = D.sum(axis=1) * H
        W, B = W - eta * gW, B - eta * gB
        rows = lambda X: [X[l, :, :sizes[l + 1]].copy() for l in range(L)]
        mats = lambda X: [X[l, :sizes[l + 1], :sizes[l]].copy() for l in range(L)]
        vecs = lambda X: [None if q.biases is None else X[l, :sizes[l + 1]].copy() for l, q in enumerate(case.layers)]
        outs.append({"net_inputs": rows(Z), "activations": rows(A[1:]), "deltas": rows(D), "loss": E,
                     "weight_gradients": mats(gW), "bias_gradients": vecs(gB), "weights": mats(W), "biases": vecs(B)})
    return outs
