"""Style: products of explicit Jacobian matrices, one sample at a time. Faults (two): the hidden derivative is missing AND biases are updated with twice the learning rate."""

import numpy as np

import backproof


def sig(z):
    return np.where(z >= 0, 1, np.exp(-np.abs(z))) / (1 + np.exp(-np.abs(z)))


def evaluate(name, z):
    if name == "sigmoid":
        return sig(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softmax":
        e = np.exp(z - np.max(z))
        return e / np.sum(e)
    return z


def jacobian(name, z):
    """J[i, j] = da_i/dz_j."""
    if name == "sigmoid":
        return np.diag(sig(z) * sig(-z))
    if name == "tanh":
        return np.diag(1 - np.tanh(z) ** 2)
    if name == "relu":
        return np.diag((z > 0).astype(z.dtype))
    if name == "softmax":
        p = evaluate(name, z)
        return np.diag(p) - np.outer(p, p)
    return np.eye(len(z), dtype=z.dtype)


def hidden_jacobian(name, z):
    return np.eye(len(z), dtype=z.dtype)


def loss_row(kind, name, z, o, y):
    """(J, dJ/dz as a row vector)."""
    if kind == "squared":
        return np.sum((y - o) ** 2), (2 * (o - y)) @ jacobian(name, z)
    if kind == "log":
        return np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)), o - y
    lse = np.max(z) + np.log(np.sum(np.exp(z - np.max(z))))
    return np.sum(y * (lse - z)), o * np.sum(y) - y


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    W = [c.weights.copy() for c in case.layers]
    b = [None if c.biases is None else c.biases.copy() for c in case.layers]
    names = [c.activation.name for c in case.layers]
    L = len(W)
    alpha = float(case.learning_rate)
    answer = []
    for batch in case.batches:
        gW = [np.zeros_like(w) for w in W]
        gb = [None if v is None else np.zeros_like(v) for v in b]
        Z, A, D = ([[] for _ in W] for _ in range(3))
        E = np.zeros((), dtype=case.dtype)
        for s in batch:
            a, z = [case.x[s]], []
            for l in range(L):
                z.append(W[l] @ a[l] + (0 if b[l] is None else b[l]))
                a.append(evaluate(names[l], z[l]))
            J, row = loss_row(case.loss, names[-1], z[-1], a[-1], case.y[s])
            E = E + J
            rows = [row]
            for l in range(L - 2, -1, -1):
                dz_dz = W[l + 1] @ hidden_jacobian(names[l], z[l])
                rows.insert(0, rows[0] @ dz_dz)
            for l in range(L):
                gW[l] += np.outer(rows[l], a[l])
                if gb[l] is not None:
                    gb[l] += rows[l]
                Z[l].append(z[l])
                A[l].append(a[l + 1])
                D[l].append(rows[l])
        for l, c in enumerate(case.layers):
            if c.mask is not None:
                gW[l][~c.mask] = 0
            W[l] = W[l] - alpha * gW[l]
            if b[l] is not None:
                b[l] = b[l] - 2 * alpha * gb[l]
        answer.append(
            {
                "net_inputs": [np.stack(v) for v in Z],
                "activations": [np.stack(v) for v in A],
                "deltas": [np.stack(v) for v in D],
                "loss": E,
                "weight_gradients": gW,
                "bias_gradients": gb,
                "weights": list(W),
                "biases": list(b),
            }
        )
    return answer
