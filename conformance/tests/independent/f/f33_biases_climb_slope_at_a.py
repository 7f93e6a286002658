"""Two faults: the biases step UP the gradient, and f' of a hidden layer is evaluated at a where z belongs."""
import numpy as np
import backproof


def stable(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1 / (1 + e), e / (1 + e))


def f(spec, z):
    p = dict(spec.parameters)
    return {"identity": lambda: z.copy(), "sigmoid": lambda: stable(z), "tanh": lambda: np.tanh(z),
            "relu": lambda: np.maximum(z, 0), "softplus": lambda: np.logaddexp(0, z),
            "leaky_relu": lambda: np.where(z > 0, z, p["slope"] * z),
            "elu": lambda: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0))),
            "softmax": lambda: np.exp(z - lse(z))}[spec.name]().astype(z.dtype)


def fprime(spec, z):
    p = dict(spec.parameters)
    return {"identity": lambda: np.ones_like(z), "sigmoid": lambda: stable(z) * stable(-z),
            "tanh": lambda: 1 - np.tanh(z) ** 2, "relu": lambda: z > 0, "softplus": lambda: stable(z),
            "leaky_relu": lambda: np.where(z > 0, 1, p["slope"]),
            "elu": lambda: np.where(z > 0, 1, p["alpha"] * np.exp(np.minimum(z, 0)))}[spec.name]().astype(z.dtype)


def lse(z):
    m = z.max(axis=1, keepdims=True)
    return m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))


def descend(chain, a, y, loss, rate, trace):
    """Forward on the way down the recursion, backward on the way up; gives E's gradient with respect to `a`."""
    (w, b, spec), rest = chain[0], chain[1:]
    z = a @ w.T
    if b is not None:
        z = z + b
    out = f(spec.activation, z)
    if rest:
        delta = descend(rest, out, y, loss, rate, trace) * fprime(spec.activation, out)
    elif loss == "squared":
        g = 2 * (out - y)
        if spec.activation.name == "softmax":
            delta = out * (g - (g * out).sum(axis=1, keepdims=True))
        else:
            delta = g * fprime(spec.activation, z)
    else:
        delta = out - y
    gw = delta.T @ a
    if spec.mask is not None:
        gw = gw * spec.mask
    gb = None if b is None else delta.sum(axis=0)
    up = delta @ w
    trace.append((z, out, delta, gw, gb, w - rate * gw, None if b is None else b + rate * gb))
    return up


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    chain = [(np.array(l.weights), None if l.biases is None else np.array(l.biases), l) for l in case.layers]
    keys = ("net_inputs", "activations", "deltas", "weight_gradients", "bias_gradients", "weights", "biases")
    pages = []
    for batch in case.batches:
        trace = []
        descend(chain, case.x[list(batch)], case.y[list(batch)], case.loss, rate, trace)
        trace.reverse()
        page = {key: [row[i] for row in trace] for i, key in enumerate(keys)}
        chain = [(w, b, l) for w, b, l in zip(page["weights"], page["biases"], case.layers)]
        pages.append(page)
    return pages
