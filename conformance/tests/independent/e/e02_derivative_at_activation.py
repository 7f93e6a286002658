"""Fault: the activation derivative is taken at a instead of z, f'(f(z)), in the hidden layers."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


F = {"sigmoid": sig, "tanh": np.tanh, "softplus": lambda z: np.logaddexp(0, z), "identity": lambda z: z}
DF = {"sigmoid": lambda z: sig(z) * sig(-z), "tanh": lambda z: 4 * sig(2 * z) * sig(-2 * z),
      "softplus": sig, "identity": np.ones_like}


def elu(alpha):
    return (lambda z: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
            lambda z: np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0))))


def pair(activation):
    if activation.name == "elu":
        return elu(float(dict(activation.parameters)["alpha"]))
    return F[activation.name], DF[activation.name]


@backproof.subject(activations=["identity", "sigmoid", "tanh", "softplus", "elu"], losses=["squared", "log"],
                   weight_layout="in_out")
def net(case):
    W = [np.array(l.weights) for l in case.layers]
    B = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    pairs = [pair(l.activation) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    history = []
    for batch in case.batches:
        A, Z, y = [case.x[list(batch)]], [], case.y[list(batch)]
        for w, b, (f, _) in zip(W, B, pairs):
            Z.append(A[-1] @ w if b is None else A[-1] @ w + b)
            A.append(f(Z[-1]))
        D = [None] * len(W)
        if case.loss == "log":
            D[-1] = A[-1] - y
        else:
            D[-1] = 2 * (A[-1] - y) * pairs[-1][1](Z[-1])
        for l in range(len(W) - 2, -1, -1):
            D[l] = (D[l + 1] @ W[l + 1].T) * pairs[l][1](A[l + 1])
        for l, layer in enumerate(case.layers):
            g = A[l].T @ D[l]
            if layer.mask is not None:
                g = np.where(layer.mask, g, 0)
            W[l] = W[l] - rate * g
            if B[l] is not None:
                B[l] = B[l] - rate * D[l].sum(0)
        history.append({"deltas": D, "weights": list(W), "biases": list(B)})
    return history
