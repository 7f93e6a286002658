"""Fault: the reported loss has a factor 1/2 that the gradient has not."""
import numpy as np
import backproof


def sigm(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def activate(act, z):
    if act.name == "elu":
        alpha = float(dict(act.parameters)["alpha"])
        low = np.minimum(z, 0)
        return np.where(z > 0, z, alpha * np.expm1(low)), np.where(z > 0, 1, alpha * np.exp(low)).astype(z.dtype)
    if act.name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if act.name == "sigmoid":
        return sigm(z), sigm(z) * sigm(-z)
    return z, np.ones_like(z)


class SquaredLoss:
    def value(self, o, y):
        return ((y - o) ** 2).sum() / y.dtype.type(2)

    def gradient(self, o, y):
        return 2 * (o - y)


@backproof.subject(activations=["elu", "relu", "sigmoid", "identity"], losses=["squared"])
def net(case):
    criterion = SquaredLoss()
    state = [(l.weights, l.biases) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    trace = []
    for batch in map(list, case.batches):
        a, tape = case.x[batch], []
        for (w, b), layer in zip(state, case.layers):
            z = a @ w.T
            z = z if b is None else z + b
            value, slope = activate(layer.activation, z)
            tape.append((a, z, value, slope))
            a = value
        loss = criterion.value(a, case.y[batch])
        back = criterion.gradient(a, case.y[batch])
        deltas, grads = [], []
        for (w, b), (inp, _, _, slope), layer in zip(state[::-1], tape[::-1], case.layers[::-1]):
            delta = back * slope
            back = delta @ w
            g = delta.T @ inp
            deltas.insert(0, delta)
            grads.insert(0, (g if layer.mask is None else g * layer.mask, None if b is None else delta.sum(0)))
        state = [(w - rate * g, None if b is None else b - rate * h) for (w, b), (g, h) in zip(state, grads)]
        trace.append({"net_inputs": [t[1] for t in tape], "activations": [t[2] for t in tape], "loss": loss,
                      "deltas": deltas, "weight_gradients": [g for g, _ in grads], "bias_gradients": [h for _, h in grads],
                      "weights": [w for w, _ in state], "biases": [b for _, b in state]})
    return trace
