"""Fault: outside of the pair with cross-entropy, the output delta is dJ/do * f'(z) for every activation, and softmax
is entered there with f' = 1, as if it were the identity: its Jacobian is missing."""
import numpy as np
import backproof

# Everything here is in columns: one sample is one column, as in most lecture notes.


def squash(name, Z):
    if name == "softmax":
        P = np.exp(Z - Z.max(axis=0))
        return P / P.sum(axis=0)
    if name == "sigmoid":
        return np.exp(np.minimum(Z, 0)) / (1 + np.exp(-np.abs(Z)))
    if name == "tanh":
        return np.tanh(Z)
    if name == "relu":
        return Z * (Z > 0)
    if name == "softplus":
        return np.logaddexp(0, Z)
    return +Z


def slope(name, Z, A):
    if name == "sigmoid":
        return A * (1 - A)
    if name == "tanh":
        return 1 - A ** 2
    if name == "relu":
        return (Z > 0).astype(Z.dtype)
    if name == "softplus":
        return squash("sigmoid", Z)
    return np.ones_like(A)


def error(loss, Z, O, Y):
    if loss == "squared":
        return np.square(Y - O).sum()
    if loss == "log":
        return (np.logaddexp(0, -np.abs(Z)) + np.maximum(Z, 0) - Y * Z).sum()
    top = Z.max(axis=0)
    return (Y * (np.log(np.exp(Z - top).sum(axis=0)) - (Z - top))).sum()


def error_by_output(loss, Z, O, Y, name):
    if (loss, name) in {("log", "sigmoid"), ("cross_entropy", "softmax")}:
        return O - Y
    return 2 * (O - Y) * slope(name, Z, O)


def forward(names, Ws, bs, X):
    Zs, As = [], [X]
    for name, W, b in zip(names, Ws, bs):
        Z = np.dot(W, As[-1])
        if b is not None:
            Z += b[:, np.newaxis]
        Zs.append(Z)
        As.append(squash(name, Z))
    return Zs, As


def backward(names, Ws, Zs, As, D):
    Ds = [D]
    for i in range(len(Ws) - 2, -1, -1):
        D = slope(names[i], Zs[i], As[i + 1]) * np.dot(Ws[i + 1].T, D)
        Ds.append(D)
    return Ds[::-1]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    names = [layer.activation.name for layer in case.layers]
    Ws = [layer.weights.copy() for layer in case.layers]
    bs = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    masks = [1 if layer.mask is None else layer.mask for layer in case.layers]
    results = []
    for batch in case.batches:
        X, Y = case.x[:, batch], case.y[:, batch]
        Zs, As = forward(names, Ws, bs, X)
        E = error(case.loss, Zs[-1], As[-1], Y)
        Ds = backward(names, Ws, Zs, As, error_by_output(case.loss, Zs[-1], As[-1], Y, names[-1]))
        dWs = [np.dot(D, A.T) * m for D, A, m in zip(Ds, As, masks)]
        dbs = [None if b is None else D.sum(axis=1) for D, b in zip(Ds, bs)]
        Ws = [W - case.learning_rate * dW for W, dW in zip(Ws, dWs)]
        bs = [None if b is None else b - case.learning_rate * db for b, db in zip(bs, dbs)]
        results.append(dict(net_inputs=Zs, activations=As[1:], deltas=Ds, loss=E, weight_gradients=dWs,
                            bias_gradients=dbs, weights=Ws, biases=bs))
    return results
