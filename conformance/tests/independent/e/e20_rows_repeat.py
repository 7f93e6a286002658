"""Fault: every second row of the input batch is repeated in place of the next (strides of the input are ignored)."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def load(x, batch):
    rows = np.empty((len(batch),) + x.shape[1:], x.dtype)
    for i in range(len(batch)):
        rows[i] = x[batch[i // 2 * 2]]
    return rows


@backproof.subject(activations=["sigmoid", "tanh", "identity", "softmax"], losses=["squared", "log", "cross_entropy"],
                   skips=["general-output-delta"])
def net(case):
    def f(name, z):
        if name == "softmax":
            e = np.exp(z - z.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
        return sig(z) if name == "sigmoid" else np.tanh(z) if name == "tanh" else z.copy()

    def df(name, z):
        return sig(z) * sig(-z) if name == "sigmoid" else 4 * sig(2 * z) * sig(-2 * z) if name == "tanh" else np.ones_like(z)

    nodes = [dict(w=l.weights, b=l.biases, m=l.mask, f=l.activation.name) for l in case.layers]
    rate, answers = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a = load(case.x, list(batch))
        for n in nodes:
            n["i"], n["z"] = a, a @ n["w"].T if n["b"] is None else a @ n["w"].T + n["b"]
            n["a"] = a = f(n["f"], n["z"])
        up = a - case.y[list(batch)]
        up = 2 * up if case.loss == "squared" else up
        for k, n in enumerate(nodes[::-1]):
            n["d"] = up if k == 0 else up * df(n["f"], n["z"])
            up = n["d"] @ n["w"]
        for n in nodes:
            g = n["d"].T @ n["i"]
            n["w"] = n["w"] - rate * (g if n["m"] is None else g * n["m"])
            n["b"] = None if n["b"] is None else n["b"] - rate * n["d"].sum(0)
        answers.append({"net_inputs": [n["z"] for n in nodes], "activations": [n["a"] for n in nodes],
                        "deltas": [n["d"] for n in nodes], "weights": [n["w"] for n in nodes], "biases": [n["b"] for n in nodes]})
    return answers
