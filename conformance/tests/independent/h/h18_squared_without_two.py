"""Fault: the loss is (y - o)^2, but its gradient is written o - y, without the 2; every gradient is half as big."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


TABLE = {
    "identity": (lambda z: z.copy(), lambda z, a, g: g),
    "sigmoid": (logistic, lambda z, a, g: g * a * logistic(-z)),
    "tanh": (np.tanh, lambda z, a, g: g * (1 - a * a)),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a, g: g * (z > 0)),
    "softplus": (lambda z: np.logaddexp(0, z), lambda z, a, g: g * logistic(z)),
    "softmax": (lambda z: (lambda e: e / e.sum(0))(np.exp(z - z.max(0))), lambda z, a, g: a * (g - (g * a).sum(0))),
}


@backproof.subject(activations=list(TABLE), losses=["squared"], batch_axis=1)
def net(case):
    params = [(l.weights.copy(), None if l.biases is None else l.biases.copy().reshape(-1, 1)) for l in case.layers]
    eta = case.x.dtype.type(case.learning_rate)
    kinds = [TABLE[l.activation.name] for l in case.layers]
    trace = []
    for batch in case.batches:
        A, Z = [case.x[:, batch]], []
        for (w, b), (f, _) in zip(params, kinds):
            Z.append(w @ A[-1] if b is None else w @ A[-1] + b)
            A.append(f(Z[-1]))
        error = A[-1] - case.y[:, batch]
        loss = (error * error).sum()
        g = error
        D = []
        for (w, b), (_, pull), z, a in reversed(list(zip(params, kinds, Z, A[1:]))):
            D.append(pull(z, a, g))
            g = w.T @ D[-1]
        D.reverse()
        GW = [d @ a.T if l.mask is None else (d @ a.T) * l.mask for d, a, l in zip(D, A, case.layers)]
        GB = [None if b is None else d.sum(axis=1, keepdims=True) for d, (_, b) in zip(D, params)]
        params = [(w - eta * gw, None if b is None else b - eta * gb) for (w, b), gw, gb in zip(params, GW, GB)]
        trace.append({"net_inputs": Z, "activations": A[1:], "deltas": D, "loss": loss, "weight_gradients": GW,
                      "bias_gradients": [None if v is None else v.ravel() for v in GB],
                      "weights": [w for w, _ in params],
                      "biases": [None if b is None else b.ravel() for _, b in params]})
    return trace
