"""Style: immutable namedtuples; fault: hidden deltas take f' at the net inputs of layer l+1 where the shapes agree."""

from collections import namedtuple

import numpy as np

import backproof

Layer = namedtuple("Layer", "w b mask kind")
Trace = namedtuple("Trace", "a_in z a_out")
Gradient = namedtuple("Gradient", "delta w b")


def expit(z):
    small = np.exp(-np.abs(z))
    return np.where(z < 0, small, 1) / (1 + small)


def activate(kind, z):
    if kind == "identity":
        return +z
    if kind == "sigmoid":
        return expit(z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    raise ValueError(kind)


def derivative(kind, z):
    if kind == "identity":
        return np.ones_like(z)
    if kind == "sigmoid":
        return expit(z) * expit(-z)
    if kind == "tanh":
        return 4 * expit(2 * z) * expit(-2 * z)
    if kind == "relu":
        return (z > 0).astype(z.dtype)
    if kind == "softplus":
        return expit(z)
    raise ValueError(kind)


def trace_forward(layers, x):
    traces = []
    for layer in layers:
        z = np.dot(x, layer.w.T)
        z = z if layer.b is None else z + layer.b
        traces.append(Trace(x, z, activate(layer.kind, z)))
        x = traces[-1].a_out
    return traces


def loss_and_delta(loss, kind, last, y):
    if loss == "squared":
        gap = last.a_out - y
        return (gap**2).sum(), 2 * gap * derivative(kind, last.z)
    z = last.z
    value = y * activate("softplus", -z) + (1 - y) * activate("softplus", z)
    return value.sum(), (1 - y) * expit(z) - y * expit(-z)


def gradients(layers, traces, delta):
    found = []
    for l in range(len(layers) - 1, -1, -1):
        layer, trace = layers[l], traces[l]
        gw = np.dot(delta.T, trace.a_in)
        if layer.mask is not None:
            gw = gw * layer.mask
        found.append(Gradient(delta, gw, None if layer.b is None else delta.sum(0)))
        if l > 0:
            here = traces[l - 1].z
            above = trace.z
            at = above if above.shape == here.shape else here
            delta = np.dot(delta, layer.w) * derivative(layers[l - 1].kind, at)
    return found[::-1]


def descend(layer, g, rate):
    b = None if layer.b is None else layer.b - rate * g.b
    return layer._replace(w=layer.w - rate * g.w, b=b)


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "softplus"],
    losses=["squared", "log"],
)
def net(case):
    rate = float(case.learning_rate)
    layers = [Layer(c.weights, c.biases, c.mask, c.activation.name) for c in case.layers]
    out = []
    for batch in case.batches:
        pick = np.array(batch)
        traces = trace_forward(layers, case.x[pick])
        loss, top = loss_and_delta(case.loss, layers[-1].kind, traces[-1], case.y[pick])
        grads = gradients(layers, traces, top)
        layers = [descend(layer, g, rate) for layer, g in zip(layers, grads)]
        out.append(
            {
                "net_inputs": [t.z for t in traces],
                "activations": [t.a_out for t in traces],
                "loss": loss,
                "deltas": [g.delta for g in grads],
                "weight_gradients": [g.w for g in grads],
                "bias_gradients": [g.b for g in grads],
                "weights": [layer.w for layer in layers],
                "biases": [layer.b for layer in layers],
            }
        )
    return out
