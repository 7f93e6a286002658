"""Fault: the forward pass multiplies by the weights and forgets to add the biases, in every layer; the biases still
get a gradient and are still updated."""
import numpy as np
import backproof


def views(theta, plan):
    """The parts of one flat parameter vector, as views."""
    parts, at = [], 0
    for shape in plan:
        if shape is None:
            parts.append(None)
            continue
        size = int(np.prod(shape))
        parts.append(theta[at:at + size].reshape(shape))
        at += size
    return parts


def sigmoid(z):
    out = np.empty_like(z)
    pos = z >= 0
    out[pos] = 1 / (1 + np.exp(-z[pos]))
    e = np.exp(z[~pos])
    out[~pos] = e / (1 + e)
    return out


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    e /= e.sum(axis=1, keepdims=True)
    return e


ACT = {
    "identity": (lambda z: z.copy(), lambda z, a: np.ones_like(z)),
    "sigmoid": (sigmoid, lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: np.where(z > 0, np.ones_like(z), 0)),
    "softplus": (lambda z: np.logaddexp(0, z), lambda z, a: sigmoid(z)),
    "softmax": (softmax, None),
}


def gradient(theta, plan, kinds, masks, x, y, loss):
    parts = views(theta, plan)
    grad = np.zeros_like(theta)
    slots = views(grad, plan)
    zs, acts = [], [x]
    for i, kind in enumerate(kinds):
        zs.append(acts[-1] @ parts[2 * i].T)
        acts.append(ACT[kind][0](zs[-1]))
    delta = acts[-1] - y
    if loss == "squared":
        delta = 2 * delta
        if kinds[-1] == "softmax":
            delta = acts[-1] * (delta - (delta * acts[-1]).sum(axis=1, keepdims=True))
        else:
            delta = delta * ACT[kinds[-1]][1](zs[-1], acts[-1])
    deltas = []
    for i in range(len(kinds) - 1, -1, -1):
        deltas.append(delta)
        slots[2 * i][...] = delta.T @ acts[i]
        if masks[i] is not None:
            slots[2 * i][...] *= masks[i]
        if slots[2 * i + 1] is not None:
            slots[2 * i + 1][...] = delta.sum(axis=0)
        if i > 0:
            delta = (delta @ parts[2 * i]) * ACT[kinds[i - 1]][1](zs[i - 1], acts[i])
    return grad, zs, acts[1:], deltas[::-1]


@backproof.subject(activations=list(ACT), losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    plan, chunks = [], []
    for layer in case.layers:
        plan += [layer.weights.shape, None if layer.biases is None else layer.biases.shape]
        chunks.append(layer.weights.ravel())
        if layer.biases is not None:
            chunks.append(layer.biases)
    theta = np.concatenate(chunks)
    kinds = [layer.activation.name for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    history = []
    for batch in case.batches:
        rows = np.asarray(batch)
        g, zs, acts, deltas = gradient(theta, plan, kinds, masks, case.x[rows], case.y[rows], case.loss)
        theta = theta - case.learning_rate * g
        gs, ps = views(g, plan), views(theta, plan)
        history.append({"net_inputs": zs, "activations": acts, "deltas": deltas,
                        "weight_gradients": gs[::2], "bias_gradients": gs[1::2],
                        "weights": ps[::2], "biases": ps[1::2]})
    return history
