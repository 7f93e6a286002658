"""Fault: the bias gradient is the mean of the deltas over the batch, whereas the weights' gradient is their sum."""
import numpy as np
from numpy import einsum
import backproof

def ONE_OVER(z):
    e = np.exp(-abs(z))
    return np.where(z < 0, e, np.ones_like(e)) / (1 + e)


def act(name, z):
    if name == "sigmoid":
        return ONE_OVER(z)
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return z.clip(min=0)
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-abs(z)))
    if name == "softmax":
        e = np.exp(z - z.max(-1, keepdims=True))
        return einsum("si,s->si", e, 1 / e.sum(-1))
    return z + 0


def slope(name, z):
    if name == "sigmoid":
        return ONE_OVER(z) * ONE_OVER(-z)
    if name == "tanh":
        return 1 - np.tanh(z) ** 2
    if name == "relu":
        return np.heaviside(z, z.dtype.type(0))
    if name == "softplus":
        return ONE_OVER(z)
    return np.ones_like(z)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    W = [np.array(l.weights) for l in case.layers]
    B = [l.biases if l.biases is None else np.array(l.biases) for l in case.layers]
    M = [np.ones(l.weights.shape) if l.mask is None else l.mask for l in case.layers]
    N = [l.activation.name for l in case.layers]
    L = len(W)
    alpha = W[0].dtype.type(case.learning_rate)
    history = []
    for batch in case.batches:
        A, Z = [case.x[np.asarray(batch)]], []
        Y = case.y[np.asarray(batch)]
        for l in range(L):
            Z += [einsum("sj,ji->si", A[l], W[l]) + (0 if B[l] is None else B[l])]
            A += [act(N[l], Z[l])]
        D = [None] * L
        if case.loss == "squared":
            if N[-1] == "softmax":
                J = einsum("si,ij->sij", A[L], np.eye(A[L].shape[1], dtype=A[L].dtype)) - einsum("si,sj->sij", A[L], A[L])
                D[-1] = einsum("sij,si->sj", J, 2 * (A[L] - Y))
            else:
                D[-1] = einsum("si,si->si", 2 * (A[L] - Y), slope(N[-1], Z[-1]))
        else:
            D[-1] = A[L] - Y
        for l in range(L - 2, -1, -1):
            D[l] = einsum("si,ij,sj->si", slope(N[l], Z[l]), W[l + 1], D[l + 1])
        GW = [(einsum("sj,si->ji", A[l], D[l]) * M[l]).astype(Y.dtype) for l in range(L)]
        GB = [None if B[l] is None else D[l].mean(axis=0) for l in range(L)]
        W = [w - alpha * g for w, g in zip(W, GW)]
        B = [b if b is None else b - alpha * g for b, g in zip(B, GB)]
        history.append(dict(deltas=D, weight_gradients=GW, bias_gradients=GB, weights=W, biases=B))
    return history
