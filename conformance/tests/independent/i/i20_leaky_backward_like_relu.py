"""Leaky ReLU runs forward with its slope, but backward it is treated as a plain ReLU: where the net input is negative
the derivative is 0 instead of the slope."""
import numpy as np

import backproof


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def sigmoid_prime(z):
    e = np.exp(-abs(z))
    return e / (1 + e) ** 2


# samples are columns; p are the parameters of the activation
FORWARD = {
    "identity": lambda z, p: z,
    "sigmoid": lambda z, p: sigmoid(z),
    "tanh": lambda z, p: np.tanh(z),
    "relu": lambda z, p: np.where(z > 0, z, 0),
    "leaky_relu": lambda z, p: np.where(z > 0, z, p["slope"] * z),
    "softmax": lambda z, p: softmax(z),
}
BACKWARD = {
    "identity": lambda z, d: d,
    "sigmoid": lambda z, d: d * sigmoid_prime(z),
    "tanh": lambda z, d: d * (1 - np.tanh(z) ** 2),
    "relu": lambda z, d: np.where(z > 0, d, 0),
    "leaky_relu": lambda z, d: np.where(z > 0, d, 0),
    "softmax": lambda z, d: softmax(z) * (d - (d * softmax(z)).sum(axis=0)),
}
LOSS = {
    "squared": lambda z, o, y: ((o - y) ** 2).sum() / 2,
    "log": lambda z, o, y: (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum(),
    "cross_entropy": lambda z, o, y: -(y * (z - z.max(axis=0) - np.log(np.exp(z - z.max(axis=0)).sum(axis=0)))).sum(),
}


def forward(weights, biases, kinds, x):
    zs, acts = [], [x]
    for w, b, (name, p) in zip(weights, biases, kinds):
        z = w @ acts[-1]
        z = z if b is None else z + b[:, None]
        zs.append(z)
        acts.append(FORWARD[name](z, p).astype(x.dtype))
    return zs, acts


def backward(weights, kinds, loss, zs, acts, y):
    error = acts[-1] - y
    deltas = [BACKWARD[kinds[-1][0]](zs[-1], error) if loss == "squared" else error]
    for w, z, (name, _) in zip(weights[:0:-1], zs[-2::-1], kinds[-2::-1]):
        deltas.insert(0, BACKWARD[name](z, w.T @ deltas[0]))
    return [d.astype(y.dtype) for d in deltas]


@backproof.subject(activations=list(FORWARD), losses=list(LOSS), batch_axis=1, loss_factor=0.5)
def net(case):
    kinds = [(layer.activation.name, dict(layer.activation.parameters)) for layer in case.layers]
    masks = [layer.mask for layer in case.layers]
    weights = [layer.weights.copy() for layer in case.layers]
    biases = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    steps = []
    for batch in case.batches:
        columns = list(batch)
        x, y = case.x[:, columns], case.y[:, columns]
        zs, acts = forward(weights, biases, kinds, x)
        deltas = backward(weights, kinds, case.loss, zs, acts, y)
        gw = [d @ a.T if m is None else np.where(m, d @ a.T, 0).astype(x.dtype)
              for d, a, m in zip(deltas, acts, masks)]
        gb = [None if b is None else d.sum(axis=1) for d, b in zip(deltas, biases)]
        weights = [w - rate * g for w, g in zip(weights, gw)]
        biases = [None if b is None else b - rate * g for b, g in zip(biases, gb)]
        steps.append(dict(net_inputs=zs, activations=acts[1:], deltas=deltas, loss=LOSS[case.loss](zs[-1], acts[-1], y),
                          weight_gradients=gw, bias_gradients=gb, weights=weights, biases=biases))
    return steps
