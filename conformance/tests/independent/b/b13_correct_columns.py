"""Style: samples in columns (batch_axis=1), every activation and loss; fault: none."""

import math

import numpy as np

import backproof

_erfc = np.vectorize(math.erfc, otypes=[np.float64])
ROOT_HALF = math.sqrt(0.5)
ROOT_2_OVER_PI = math.sqrt(2 / math.pi)


def sigma(Z):
    E = np.exp(-np.abs(Z))
    return np.where(Z >= 0, np.ones_like(Z), E) / (1 + E)


def softplus(Z):
    return np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z)))


def phi_and_density(Z):
    """the normal distribution function and its density"""
    Z64 = Z.astype(np.float64)
    P = 0.5 * _erfc(-ROOT_HALF * Z64)
    D = np.exp(-0.5 * Z64 * Z64) / math.sqrt(2 * math.pi)
    return P.astype(Z.dtype), D.astype(Z.dtype)


def gelu_tanh_parts(Z):
    U2 = 2 * ROOT_2_OVER_PI * (Z + 0.044715 * Z**3)
    dU2 = 2 * ROOT_2_OVER_PI * (1 + 3 * 0.044715 * Z**2)
    return U2, dU2


def activation(name, par, Z):
    if name == "identity":
        return Z.copy()
    if name == "sigmoid":
        return sigma(Z)
    if name == "tanh":
        return np.tanh(Z)
    if name == "relu":
        return np.where(Z > 0, Z, np.zeros_like(Z))
    if name == "leaky_relu":
        return np.where(Z > 0, Z, float(par.get("slope", 0.01)) * Z)
    if name == "elu":
        return np.where(Z > 0, Z, float(par.get("alpha", 1.0)) * np.expm1(np.minimum(Z, 0)))
    if name == "softplus":
        return softplus(Z)
    if name == "gelu":
        if par.get("approximate", "none") == "tanh":
            return Z * sigma(gelu_tanh_parts(Z)[0])  # (1 + tanh u) / 2 = sigma(2u)
        return Z * phi_and_density(Z)[0]
    if name == "softmax":
        E = np.exp(Z - Z.max(axis=0))
        return E / E.sum(axis=0)
    raise ValueError(name)


def derivative(name, par, Z):
    one = np.ones_like(Z)
    if name == "identity":
        return one
    if name == "sigmoid":
        return sigma(Z) * sigma(-Z)
    if name == "tanh":
        return 4 * sigma(2 * Z) * sigma(-2 * Z)
    if name == "relu":
        return np.where(Z > 0, one, 0 * one)
    if name == "leaky_relu":
        return np.where(Z > 0, one, float(par.get("slope", 0.01)) * one)
    if name == "elu":
        return np.where(Z > 0, one, float(par.get("alpha", 1.0)) * np.exp(np.minimum(Z, 0)))
    if name == "softplus":
        return sigma(Z)
    if name == "gelu":
        if par.get("approximate", "none") == "tanh":
            U2, dU2 = gelu_tanh_parts(Z)
            return sigma(U2) + Z * dU2 * sigma(U2) * sigma(-U2)
        P, D = phi_and_density(Z)
        return P + Z * D
    raise ValueError(name)


def error(loss, Z, O, Y):
    if loss == "squared":
        return np.sum((Y - O) ** 2)
    if loss == "log":
        return np.sum(Y * softplus(-Z) + (1 - Y) * softplus(Z))
    S = Z - Z.max(axis=0)
    E = np.exp(S)
    E[Z.argmax(axis=0), np.arange(Z.shape[1])] = 0  # the largest term is the 1 of log1p
    return np.sum(Y * (np.log1p(E.sum(axis=0)) - S))


def output_delta(loss, name, par, Z, O, Y):
    if loss == "log":
        return (1 - Y) * O - Y * sigma(-Z)
    if loss == "cross_entropy":
        # o_i sum_j y_j - y_i sum_j o_j, term by term, so that nothing cancels in saturated outputs
        return (
            O * Y.sum(axis=0) - Y
            if len(O) == 1
            else np.stack([sum(O[i] * Y[j] - O[j] * Y[i] for j in range(len(O)) if j != i) for i in range(len(O))])
        )
    G = 2 * (O - Y)
    if name == "softmax":
        return O * (G - np.sum(O * G, axis=0))
    return G * derivative(name, par, Z)


def in_columns(case):
    """x as (n_0, n) and y as (k, n); an array that only fits as rows is turned"""
    n0, k = case.layers[0].weights.shape[1], case.layers[-1].weights.shape[0]
    x, y = case.x, case.y
    if x.shape[0] != n0 or y.shape[0] != k:
        x, y = x.T, y.T
    return x, y


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["exact-zero"],
    batch_axis=1,
)
def net(case):
    X, Y = in_columns(case)
    L = len(case.layers)
    names = [layer.activation.name for layer in case.layers]
    pars = [dict(layer.activation.parameters or ()) for layer in case.layers]
    W = {l + 1: layer.weights for l, layer in enumerate(case.layers)}
    b = {l + 1: layer.biases for l, layer in enumerate(case.layers)}
    rate = float(case.learning_rate)
    updates = []
    for batch in case.batches:
        columns = np.array(batch, dtype=np.intp)
        A, Z, D, dW, db = {0: X[:, columns]}, {}, {}, {}, {}
        T = Y[:, columns]
        for l in range(1, L + 1):
            Z[l] = W[l] @ A[l - 1]
            if b[l] is not None:
                Z[l] = Z[l] + b[l].reshape(-1, 1)
            A[l] = activation(names[l - 1], pars[l - 1], Z[l])
        D[L] = output_delta(case.loss, names[-1], pars[-1], Z[L], A[L], T)
        for l in range(L - 1, 0, -1):
            D[l] = derivative(names[l - 1], pars[l - 1], Z[l]) * (W[l + 1].T @ D[l + 1])
        for l in range(1, L + 1):
            dW[l] = D[l] @ A[l - 1].T
            mask = case.layers[l - 1].mask
            if mask is not None:
                dW[l] = np.where(mask, dW[l], np.zeros_like(dW[l]))
            db[l] = None if b[l] is None else D[l].sum(axis=1)
        W = {l: W[l] - rate * dW[l] for l in W}
        b = {l: None if b[l] is None else b[l] - rate * db[l] for l in b}
        layers = range(1, L + 1)
        updates.append(
            {
                "net_inputs": [Z[l] for l in layers],
                "activations": [A[l] for l in layers],
                "loss": error(case.loss, Z[L], A[L], T),
                "deltas": [D[l] for l in layers],
                "weight_gradients": [dW[l] for l in layers],
                "bias_gradients": [db[l] for l in layers],
                "weights": [W[l] for l in layers],
                "biases": [b[l] for l in layers],
            }
        )
    return updates
