"""Fault: in each hidden layer of more than one neuron the deltas of a sample are centred, their mean over the layer's
neurons is subtracted before they are used and passed on."""
import numpy as np
import backproof


def make_activation(name, params):
    def sigmoid(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1, e) / (1 + e)

    def const(z, key):
        return z.dtype.type(params[key])

    pairs = {
        "identity": (lambda z: z, lambda z: np.ones_like(z)),
        "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
        "leaky_relu": (lambda z: np.where(z > 0, z, const(z, "slope") * z),
                       lambda z: np.where(z > 0, z.dtype.type(1), const(z, "slope"))),
        "softplus": (lambda z: np.logaddexp(0, z), sigmoid),
        "softmax": (lambda z: np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True)), None),
    }
    return pairs[name]


def make_layer(layer, rate):
    w, b = layer.weights.copy(), None if layer.biases is None else layer.biases.copy()
    f, df = make_activation(layer.activation.name, dict(layer.activation.parameters))

    def forward(a):
        z = a @ w.T
        if b is not None:
            z = z + b
        return z, f(z)

    def hidden_delta(z, back):
        d = df(z) * back
        if d.shape[1] > 1:
            d = d - d.mean(axis=1, keepdims=True)
        return d

    def grads(d, a):
        g = d.T @ a
        return (g if layer.mask is None else g * layer.mask), (None if b is None else d.sum(axis=0))

    def send(d):
        return d @ w

    def learn(gw, gb):
        nonlocal w, b
        w = w - rate * gw
        if b is not None:
            b = b - rate * gb
        return w, b

    return forward, df, hidden_delta, grads, send, learn


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], reduction="mean", delta_of="error")
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    made = [make_layer(layer, rate) for layer in case.layers]
    told = []
    for batch in case.batches:
        n, y = len(batch), case.y[batch]
        a, zs = [case.x[batch]], []
        for forward, *_ in made:
            z, out = forward(a[-1])
            zs.append(z)
            a.append(out)
        o = a[-1]
        if case.loss == "squared":
            e, g, df = ((y - o) ** 2).sum() / n, 2 * (o - y) / n, made[-1][1]
            d = o * (g - (g * o).sum(axis=1, keepdims=True)) if df is None else g * df(zs[-1])
        else:
            norm = np.logaddexp(0, z) - y * z if case.loss == "log" else \
                y * (np.logaddexp.reduce(z, axis=1, keepdims=True) - z)
            e, d = norm.sum() / n, (o - y) / n
        ds = [d]
        for l in range(len(made) - 2, -1, -1):
            ds.insert(0, made[l][2](zs[l], made[l + 1][4](ds[0])))
        gs = [m[3](d, p) for m, d, p in zip(made, ds, a)]
        new = [m[5](*g) for m, g in zip(made, gs)]
        told.append({"loss": e, "net_inputs": zs, "activations": a[1:], "deltas": ds,
                     "weight_gradients": [g[0] for g in gs], "bias_gradients": [g[1] for g in gs],
                     "weights": [p[0] for p in new], "biases": [p[1] for p in new]})
    return told
