"""Fault: every layer is updated on the way back, before the delta of the layer below is taken, so that E17 uses the
new weights of layer l+1."""
import numpy as np
import backproof


def sigma(z):
    return np.reciprocal(1 + np.exp(-np.clip(z, -700 if z.dtype == np.float64 else -80, None)))


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    w = [np.array(q.weights) for q in case.layers]
    b = [None if q.biases is None else np.array(q.biases) for q in case.layers]
    kind = [q.activation.name for q in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    story = []
    for batch in case.batches:
        y = case.y[batch]
        a = [case.x[batch]]
        for l in range(len(w)):
            z = np.dot(a[-1], w[l].T)
            if b[l] is not None:
                z += b[l]
            if kind[l] == "sigmoid":
                a.append(sigma(z))
            elif kind[l] == "tanh":
                a.append(np.tanh(z))
            elif kind[l] == "relu":
                a.append(np.maximum(z, 0))
            elif kind[l] == "softmax":
                e = np.exp(z - z.max(axis=1).reshape(-1, 1))
                a.append(e / e.sum(axis=1).reshape(-1, 1))
            else:
                a.append(z)
        if case.loss == "squared":
            loss = np.sum((a[-1] - y) ** 2)
            delta = 2 * (a[-1] - y)
        elif case.loss == "log":
            loss = np.sum(np.logaddexp(0, z) - y * z)
            delta = a[-1] - y
        else:
            top = z.max(axis=1).reshape(-1, 1)
            loss = np.sum(y * (np.log(np.exp(z - top).sum(axis=1)).reshape(-1, 1) + top - z))
            delta = a[-1] - y
        for l in range(len(w) - 1, -1, -1):
            step = np.dot(delta.T, a[l])
            if case.layers[l].mask is not None:
                step *= case.layers[l].mask
            w[l] -= alpha * step
            if b[l] is not None:
                b[l] -= alpha * delta.sum(axis=0)
            if l > 0:
                delta = np.dot(delta, w[l])
                if kind[l - 1] == "sigmoid":
                    delta *= a[l] * (1 - a[l])
                elif kind[l - 1] == "tanh":
                    delta *= 1 - a[l] ** 2
                elif kind[l - 1] == "relu":
                    delta *= a[l] > 0
        story.append({"loss": loss, "weights": [v.copy() for v in w],
                      "biases": [None if v is None else v.copy() for v in b]})
    return story
