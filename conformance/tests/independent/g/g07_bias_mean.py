"""Fault: the weights' gradient is summed over the batch, the bias gradient is averaged over it. Samples in columns."""
import numpy as np
import backproof


def f(name, par, Z):
    if name == "sigmoid":
        u = np.exp(-abs(Z))
        return np.where(Z > 0, 1, u) / (1 + u)
    if name == "tanh":
        return np.tanh(Z)
    if name == "relu":
        return Z.clip(0, None)
    if name == "leaky_relu":
        return np.where(Z > 0, Z, Z.dtype.type(par["slope"]) * Z)
    if name == "softmax":
        Q = np.exp(Z - Z.max(axis=0))
        return Q / Q.sum(axis=0)
    return Z


def f_prime(name, par, Z, A):
    if name == "sigmoid":
        return A * (1 - A)
    if name == "tanh":
        return 1 - A ** 2
    if name == "relu":
        return (Z > 0).astype(Z.dtype)
    if name == "leaky_relu":
        return np.where(Z > 0, Z.dtype.type(1), Z.dtype.type(par["slope"]))
    return np.ones_like(Z)


def cost(loss, Z, O, Y):
    if loss == "squared":
        return np.sum((Y - O) ** 2)
    if loss == "log":
        return np.sum(Y * np.logaddexp(0, -Z) + (1 - Y) * np.logaddexp(0, Z))
    S = Z - Z.max(axis=0)
    return np.sum(Y * (np.log(np.exp(S).sum(axis=0)) - S))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=[], batch_axis=1)
def net(case):
    L = len(case.layers)
    name = [l.activation.name for l in case.layers]
    par = [dict(l.activation.parameters) for l in case.layers]
    W = {i: case.layers[i].weights.copy() for i in range(L)}
    b = {i: None if case.layers[i].biases is None else case.layers[i].biases.reshape(-1, 1).copy() for i in range(L)}
    alpha = case.x.dtype.type(case.learning_rate)
    flat = lambda d: [None if d[i] is None else d[i].ravel().copy() for i in range(L)]
    stack = lambda d: [d[i] for i in range(L)]
    history = []
    for batch in case.batches:
        Y = case.y[:, batch]
        A, Z, D, dW, db = {-1: case.x[:, batch]}, {}, {}, {}, {}
        for i in range(L):
            Z[i] = W[i] @ A[i - 1]
            if b[i] is not None:
                Z[i] = Z[i] + b[i]
            A[i] = f(name[i], par[i], Z[i])
        last = L - 1
        if case.loss != "squared":
            D[last] = A[last] - Y
        elif name[last] == "softmax":
            G = 2 * (A[last] - Y)
            D[last] = A[last] * (G - np.sum(G * A[last], axis=0))
        else:
            D[last] = 2 * (A[last] - Y) * f_prime(name[last], par[last], Z[last], A[last])
        for i in range(L - 2, -1, -1):
            D[i] = (W[i + 1].T @ D[i + 1]) * f_prime(name[i], par[i], Z[i], A[i])
        E = case.x.dtype.type(cost(case.loss, Z[last], A[last], Y))
        for i in range(L):
            dW[i] = D[i] @ A[i - 1].T
            if case.layers[i].mask is not None:
                dW[i] = dW[i] * case.layers[i].mask
            db[i] = None if b[i] is None else D[i].mean(axis=1, keepdims=True)
            W[i] = W[i] - alpha * dW[i]
            if b[i] is not None:
                b[i] = b[i] - alpha * db[i]
        history.append(dict(net_inputs=stack(Z), activations=stack(A), deltas=stack(D), loss=E,
                            weight_gradients=stack(dW), bias_gradients=flat(db), weights=stack(W), biases=flat(b)))
    return history
