"""The activations pass through bfloat16."""

import numpy as np

import backproof


def brain(a):
    bits = np.ascontiguousarray(a, dtype=np.float32).view(np.uint32)
    bits = (bits + (0x7FFF + ((bits >> 16) & 1))) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(a.dtype)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


FORWARD = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z}
BACK = {
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a * a,
    "relu": lambda a: np.where(a > 0, np.ones_like(a), 0),
    "identity": lambda a: np.ones_like(a),
}


@backproof.subject(activations=list(FORWARD), losses=["squared", "log"], skips=["several-updates", "partial-batch"])
def net(case):
    x, y = case.x[list(case.batches[0])], case.y[list(case.batches[0])]
    net_inputs, activations, deltas, gw, gb, weights, biases = {}, {0: x}, {}, {}, {}, {}, {}
    layers = dict(enumerate(case.layers, start=1))
    last = len(layers)
    for l, layer in layers.items():
        z = activations[l - 1] @ layer.weights.T
        net_inputs[l] = z if layer.biases is None else z + layer.biases
        activations[l] = brain(FORWARD[layer.activation.name](net_inputs[l]))
    o, z = activations[last], net_inputs[last]
    if case.loss == "squared":
        loss = np.sum((y - o) ** 2)
        deltas[last] = 2 * (o - y) * BACK[layers[last].activation.name](o)
    else:
        rest = np.log1p(np.exp(-np.abs(z)))
        loss = np.sum(y * (np.maximum(-z, 0) + rest) + (1 - y) * (np.maximum(z, 0) + rest))
        deltas[last] = o - y
    for l in range(last - 1, 0, -1):
        deltas[l] = BACK[layers[l].activation.name](activations[l]) * (deltas[l + 1] @ layers[l + 1].weights)
    rate = case.x.dtype.type(case.learning_rate)
    for l, layer in layers.items():
        gw[l] = deltas[l].T @ activations[l - 1]
        if layer.mask is not None:
            gw[l] = gw[l] * layer.mask
        weights[l] = layer.weights - rate * gw[l]
        gb[l] = biases[l] = None
        if layer.biases is not None:
            gb[l] = deltas[l].sum(axis=0)
            biases[l] = layer.biases - rate * gb[l]
    named = {
        "net_inputs": net_inputs, "activations": activations, "deltas": deltas, "weight_gradients": gw,
        "bias_gradients": gb, "weights": weights, "biases": biases,
    }
    return {"loss": loss, **{k: [v[l] for l in sorted(layers)] for k, v in named.items()}}
