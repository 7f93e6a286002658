"""Fault: the output delta is divided by the number of outputs, as a loss averaged over the outputs would have it, but
the loss is a sum over them and nothing else is declared."""
import numpy as np

import backproof

# Hidden deltas are not handed from layer to layer: for each layer the whole Jacobian dz^L / dz^l is multiplied up.


def sigmoid(z):
    return np.exp(np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z))))


def evaluate(spec, z):
    p = dict(spec.parameters)
    number = z.dtype.type
    if spec.name == "sigmoid":
        return sigmoid(z), sigmoid(z) * sigmoid(-z)
    if spec.name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if spec.name in ("relu", "leaky_relu"):
        gain = np.where(z > 0, number(1), number(p.get("slope", 0)))
        return gain * z, gain
    if spec.name == "elu":
        e = number(p["alpha"]) * np.exp(np.minimum(z, 0))
        return np.where(z > 0, z, number(p["alpha"]) * np.expm1(np.minimum(z, 0))), np.where(z > 0, number(1), e)
    if spec.name == "softplus":
        return np.logaddexp(number(0), z), sigmoid(z)
    if spec.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), None
    return z, np.ones_like(z)


def output_delta(loss, o, y, slope):
    outputs = o.shape[1]
    if loss != "squared":
        return (o - y) / outputs
    g = 2 * (o - y) / outputs
    if slope is None:
        return np.einsum("sk,skj->sj", g, np.einsum("sk,kj->skj", o, np.eye(outputs, dtype=o.dtype)) - np.einsum(
            "sk,sj->skj", o, o))
    return g * slope


@backproof.subject(losses=["squared", "log", "cross_entropy"], loss_at="none", activations=[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"])
def net(case):
    W = [l.weights.copy() for l in case.layers]
    b = [np.zeros(len(l.weights), case.x.dtype) if l.biases is None else l.biases.copy() for l in case.layers]
    free = [l.biases is not None for l in case.layers]
    seen = []
    for batch in case.batches:
        a, z, slopes = [case.x[batch]], [], []
        for spec, w, bias in zip(case.layers, W, b):
            z.append(np.einsum("sj,ij->si", a[-1], w) + bias)
            value, slope = evaluate(spec.activation, z[-1])
            a.append(value)
            slopes.append(slope)
        top = output_delta(case.loss, a[-1], case.y[batch], slopes[-1])
        k = top.shape[1]
        jacobian = np.broadcast_to(np.eye(k, dtype=top.dtype), (len(batch), k, k))
        deltas = [top]
        for w, slope in zip(W[:0:-1], slopes[-2::-1]):
            jacobian = np.einsum("ski,ij,sj->skj", jacobian, w, slope)
            deltas.insert(0, np.einsum("sk,skj->sj", top, jacobian))
        gW = [np.einsum("si,sj->ij", d, s) for d, s in zip(deltas, a)]
        gW = [g if l.mask is None else g * l.mask for g, l in zip(gW, case.layers)]
        gb = [d.sum(axis=0) if has else None for d, has in zip(deltas, free)]
        eta = case.x.dtype.type(case.learning_rate)
        W = [w - eta * g for w, g in zip(W, gW)]
        b = [bias if g is None else bias - eta * g for bias, g in zip(b, gb)]
        seen.append({"net_inputs": z, "activations": a[1:], "deltas": deltas, "weight_gradients": gW,
                     "bias_gradients": gb, "weights": W, "biases": [v if has else None for v, has in zip(b, free)]})
    return seen if len(seen) > 1 else seen[0]
