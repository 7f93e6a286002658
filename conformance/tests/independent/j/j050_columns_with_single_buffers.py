"""Fault: the buffers that collect the weight gradients are float32, whatever the data's precision is;
so in double precision only about seven digits of each weight gradient are left."""
import numpy as np
import backproof


def sigm(z):
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, t) / (1 + t)


F = {
    "identity": lambda z: z.copy(),
    "sigmoid": sigm,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0).astype(z.dtype),
    "softplus": lambda z: np.logaddexp(z, np.zeros_like(z)),
}
DF = {
    "identity": lambda z: np.ones_like(z),
    "sigmoid": lambda z: sigm(z) * sigm(-z),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": lambda z: (z > 0).astype(z.dtype),
    "softplus": sigm,
}


def softmax_columns(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


@backproof.subject(activations=list(F) + ["softmax"], losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    dtype = case.x.dtype
    lr = dtype.type(case.learning_rate)
    names = [layer.activation.name for layer in case.layers]
    W = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy().reshape(-1, 1) for layer in case.layers]
    L = len(W)
    dW = [np.zeros(w.shape, np.float32) for w in W]         # reused by every update

    shown = []
    for batch in case.batches:
        cols = np.array(batch)
        A, Z = [case.x[:, cols]], []
        Y = case.y[:, cols]
        for l in range(L):
            z = W[l] @ A[l]
            if b[l] is not None:
                z = z + b[l]
            Z.append(z)
            A.append(softmax_columns(z) if names[l] == "softmax" else F[names[l]](z))

        O = A[L]
        if case.loss == "squared":
            loss = ((Y - O) ** 2).sum()
            G = 2 * (O - Y)
            if names[-1] == "softmax":
                D = O * (G - (G * O).sum(axis=0))
            else:
                D = G * DF[names[-1]](Z[-1])
        elif case.loss == "log":
            z = Z[-1]
            loss = (np.logaddexp(z, np.zeros_like(z)) - Y * z).sum()
            D = O - Y
        else:
            z = Z[-1] - Z[-1].max(axis=0)
            loss = (Y * (np.log(np.exp(z).sum(axis=0)) - z)).sum()
            D = O - Y

        deltas = [None] * L
        deltas[-1] = D
        for l in range(L - 2, -1, -1):
            deltas[l] = DF[names[l]](Z[l]) * (W[l + 1].T @ deltas[l + 1])

        db = [None] * L
        for l in range(L):
            dW[l][...] = deltas[l] @ A[l].T
            if case.layers[l].mask is not None:
                dW[l][~case.layers[l].mask] = 0
            W[l] = W[l] - lr * dW[l].astype(dtype)
            if b[l] is not None:
                db[l] = deltas[l].sum(axis=1)
                b[l] = b[l] - lr * db[l].reshape(-1, 1)

        shown.append(dict(
            net_inputs=Z, activations=A[1:], deltas=deltas, loss=loss,
            weight_gradients=[g.astype(dtype) for g in dW], bias_gradients=db,
            weights=list(W), biases=[None if v is None else v.ravel() for v in b]))
    return shown
