"""Fault: the closures on the tape keep the activations in a memory that is read before it is renewed: from the
second update on, the weight gradient is delta of now times the activations of the update before (where the
batch has another size, the memory cannot be used and the fresh ones are)."""
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def unit(name, z):
    """a, and a closure dE/da -> dE/dz"""
    if name == "sigmoid":
        a, other = sigmoid(z), sigmoid(-z)
        return a, lambda g: g * a * other
    if name == "tanh":
        a = np.tanh(z)
        return a, lambda g: g * (1 - a * a)
    if name == "relu":
        return np.maximum(z, 0), lambda g: g * (z > 0)
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), lambda g: g * sigmoid(z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        a = e / e.sum(axis=1, keepdims=True)
        return a, lambda g: a * (g - (g * a).sum(axis=1, keepdims=True))
    return z, lambda g: g


def recall(memory, key, fresh):
    old = memory.get(key)
    memory[key] = fresh
    if old is not None and old.shape == fresh.shape:
        return old
    return fresh


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    lr = case.x.dtype.type(case.learning_rate)
    params = [{"w": l.weights.copy(), "b": None if l.biases is None else l.biases.copy()} for l in case.layers]
    memory = {}
    log = []
    for batch in case.batches:
        tape, grads, deltas, zs, acts = [], {}, {}, [], []
        a, y = case.x[list(batch)], case.y[list(batch)]

        for l, (layer, p) in enumerate(zip(case.layers, params)):
            z = a @ p["w"].T
            if p["b"] is not None:
                z = z + p["b"]

            def linear_back(d, l=l, w=p["w"], b=p["b"], below=a, mask=layer.mask):
                deltas[l] = d
                gw = d.T @ recall(memory, l, below)
                if mask is not None:
                    gw = np.where(mask, gw, np.zeros_like(gw))
                grads[l] = gw, None if b is None else d.sum(axis=0)
                return d @ w

            a, act_back = unit(layer.activation.name, z)
            tape += [linear_back, act_back]
            zs.append(z)
            acts.append(a)

        z = zs[-1]
        if case.loss == "squared":
            loss, g = np.sum((y - a) ** 2), 2 * (a - y)
        else:
            tape.pop()                          # output's activation and loss taken together
            g = a - y
            if case.loss == "log":
                loss = np.sum(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
            else:
                z = z - z.max(axis=1, keepdims=True)
                loss = np.sum(y * (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z))
        while tape:
            g = tape.pop()(g)

        order = range(len(params))
        params = [{"w": params[l]["w"] - lr * grads[l][0],
                   "b": None if grads[l][1] is None else params[l]["b"] - lr * grads[l][1]} for l in order]
        log.append({"net_inputs": zs, "activations": acts, "loss": loss, "deltas": [deltas[l] for l in order],
                    "weight_gradients": [grads[l][0] for l in order], "bias_gradients": [grads[l][1] for l in order],
                    "weights": [p["w"] for p in params], "biases": [p["b"] for p in params]})
    return log
