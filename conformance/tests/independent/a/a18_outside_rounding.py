"""Style: coroutines, each layer is suspended between its forward and its backward pass. Fault (own invention): activations are kept in half precision for the weight gradients "to save memory" (the forward pass itself is exact)."""

import numpy as np

import backproof

LIMIT = 65504


def remember(a):
    return np.clip(a, -LIMIT, LIMIT).astype(np.float16).astype(a.dtype)


def logistic(z):
    return np.exp(-np.logaddexp(0, -z))


def layer_routine(spec):
    """Protocol: send(a) gets (z, a'); then send((is_delta, g)) gets dE/da of the layer below; then send(alpha) gets a page of results."""
    W, b, name = spec.weights.copy(), spec.biases, spec.activation.name
    reply = None
    while True:
        a = yield reply
        saved = remember(a)
        z = a @ W.T
        if b is not None:
            z = z + b
        if name == "sigmoid":
            out = logistic(z)
        elif name == "tanh":
            out = np.tanh(z)
        elif name == "relu":
            out = np.where(z > 0, z, np.zeros_like(z))
        elif name == "softmax":
            out = np.exp(z - z.max(axis=1, keepdims=True))
            out = out / out.sum(axis=1, keepdims=True)
        else:
            out = z
        is_delta, delta = yield z, out
        if not is_delta:
            if name == "sigmoid":
                delta = delta * out * logistic(-z)
            elif name == "tanh":
                delta = delta * (1 - out) * (1 + out)
            elif name == "relu":
                delta = delta * (z > 0)
            elif name == "softmax":
                delta = out * (delta - (delta * out).sum(axis=1, keepdims=True))
        alpha = yield delta @ W
        gW = delta.T @ saved
        if spec.mask is not None:
            gW = gW * spec.mask
        W = W - alpha * gW
        gb = None
        if b is not None:
            gb = delta.sum(axis=0)
            b = b - alpha * gb
        reply = {
            "net_inputs": z,
            "activations": out,
            "deltas": delta,
            "weight_gradients": gW,
            "bias_gradients": gb,
            "weights": W,
            "biases": b,
        }


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    routines = [layer_routine(spec) for spec in case.layers]
    for r in routines:
        next(r)
    results = []
    for batch in case.batches:
        a, y = case.x[list(batch)], case.y[list(batch)]
        for r in routines:
            z, a = r.send(a)
        if case.loss == "squared":
            loss, message = np.sum((a - y) ** 2), (False, 2 * (a - y))
        elif case.loss == "log":
            loss, message = np.sum(np.logaddexp(0, z) - y * z), (True, a - y)
        else:
            t = z - z.max(axis=1, keepdims=True)
            loss = np.sum(y * (np.log(np.exp(t).sum(axis=1, keepdims=True)) - t))
            message = (True, a * y.sum(axis=1, keepdims=True) - y)
        for r in reversed(routines):
            message = (False, r.send(message))
        pages = [r.send(float(case.learning_rate)) for r in routines]
        results.append({key: [page[key] for page in pages] for key in pages[0]} | {"loss": loss})
    return results
