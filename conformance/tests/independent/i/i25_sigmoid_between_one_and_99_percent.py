"""The sigmoid itself is clipped to [0.01, 0.99] (so that no logarithm can blow up and no neuron sticks): the activation
of a saturated neuron is wrong, and its derivative a (1 - a) and the loss, which use it, with it."""
import numpy as np

import backproof


def make_layer(spec):
    """A layer as two closures; weights are (n_in, n_out)."""
    w = np.array(spec.weights)
    b = None if spec.biases is None else np.array(spec.biases)
    mask = spec.mask
    name = spec.activation.name

    def squash(z):
        if name == "sigmoid":
            t = np.exp(-np.abs(z))
            return np.clip(np.where(z > 0, 1, t) / (1 + t), 0.01, 0.99)
        if name == "tanh":
            return np.tanh(z)
        if name == "relu":
            return np.maximum(z, 0)
        if name == "softmax":
            e = np.exp(z - z.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
        return z

    def through(grad, z, a):
        if name == "sigmoid":
            return grad * a * (1 - a)
        if name == "tanh":
            return grad * (1 - a ** 2)
        if name == "relu":
            return grad * (z > 0)
        if name == "softmax":
            return a * (grad - (a * grad).sum(1, keepdims=True))
        return grad

    def forward(x):
        z = x @ w if b is None else x @ w + b
        a = squash(z).astype(x.dtype)

        def backward(grad, already_delta=False):
            delta = grad if already_delta else through(grad, z, a)
            gw = x.T @ delta
            if mask is not None:
                gw = np.where(mask, gw, 0).astype(gw.dtype)
            gb = None if b is None else delta.sum(0)
            down = delta @ w.T

            def learn(rate):
                nonlocal w, b
                w = w - rate * gw
                b = None if b is None else b - rate * gb
                return w, b
            return down, delta, gw, gb, learn
        return z, a, backward
    return forward


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], weight_layout="in_out")
def net(case):
    layers = [make_layer(spec) for spec in case.layers]
    outcome = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        nets, acts, backs = [], [], []
        for layer in layers:
            z, a, back = layer(a)
            nets.append(z), acts.append(a), backs.append(back)
        if case.loss == "squared":
            loss, grad, short = np.sum((a - y) ** 2), 2 * (a - y), False
        elif case.loss == "log":
            loss, grad, short = -np.sum(y * np.log(a) + (1 - y) * np.log1p(-a)), a - y, True
        else:
            t = nets[-1] - nets[-1].max(1, keepdims=True)
            loss, grad, short = np.sum(y * (np.log(np.exp(t).sum(1, keepdims=True)) - t)), a - y, True
        found = []
        for back in reversed(backs):
            grad, *rest = back(grad, short)
            found.append(rest)
            short = False
        found.reverse()
        new = [learn(case.learning_rate) for *_, learn in found]
        outcome.append({"net_inputs": nets, "activations": acts, "deltas": [r[0] for r in found], "loss": loss,
                        "weight_gradients": [r[1] for r in found], "bias_gradients": [r[2] for r in found],
                        "weights": [w for w, _ in new], "biases": [b for _, b in new]})
    return outcome
