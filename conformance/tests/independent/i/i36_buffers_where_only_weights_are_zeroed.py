"""The gradients accumulate in buffers that live as long as the training. Before each update the weights' buffers are
zeroed, the biases' buffers are forgotten: from the second update on a bias is moved by the sum of all its gradients."""
import numpy as np

import backproof


def in_place(name, p, z, a, slope):
    """Fills a with f(z) and slope with f'(z)."""
    if name == "identity":
        a[...], slope[...] = z, 1
    elif name == "sigmoid":
        np.exp(-np.abs(z), out=slope)
        np.divide(np.where(z >= 0, 1, slope), 1 + slope, out=a)
        np.multiply(a, 1 - a, out=slope)
    elif name == "tanh":
        np.tanh(z, out=a)
        np.subtract(1, a * a, out=slope)
    elif name == "relu":
        np.maximum(z, 0, out=a)
        slope[...] = z > 0
    elif name == "leaky_relu":
        slope[...] = np.where(z > 0, 1, p["slope"])
        np.multiply(slope, z, out=a)
    elif name == "softmax":
        np.exp(z - z.max(axis=1, keepdims=True), out=a)
        a /= a.sum(axis=1, keepdims=True)


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    dtype, L = case.x.dtype, len(case.layers)
    weights = [layer.weights.copy() for layer in case.layers]
    biases = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    weight_sums = [np.zeros_like(w) for w in weights]
    bias_sums = [None if b is None else np.zeros_like(b) for b in biases]
    rate = dtype.type(case.learning_rate)
    pages = []
    for batch in case.batches:
        n, y = len(batch), case.y[list(batch)]
        z, a, slope, delta = ([np.empty((n, len(w)), dtype) for w in weights] for _ in range(4))
        inputs = [case.x[list(batch)]] + a
        for l, layer in enumerate(case.layers):
            np.matmul(inputs[l], weights[l].T, out=z[l])
            if biases[l] is not None:
                z[l] += biases[l]
            in_place(layer.activation.name, dict(layer.activation.parameters), z[l], a[l], slope[l])
        np.subtract(a[-1], y, out=delta[-1])
        if case.loss == "squared":
            loss = np.sum(delta[-1] ** 2)
            delta[-1] *= 2
            if case.layers[-1].activation.name == "softmax":
                delta[-1] -= np.sum(delta[-1] * a[-1], axis=1, keepdims=True)
                delta[-1] *= a[-1]
            else:
                delta[-1] *= slope[-1]
        elif case.loss == "log":
            loss = np.sum(y * np.logaddexp(0, -z[-1]) + (1 - y) * np.logaddexp(0, z[-1]))
        else:
            top = z[-1].max(axis=1, keepdims=True)
            loss = np.sum(y * (np.log(np.sum(np.exp(z[-1] - top), axis=1, keepdims=True)) + top - z[-1]))
        for l in range(L - 2, -1, -1):
            np.matmul(delta[l + 1], weights[l + 1], out=delta[l])
            delta[l] *= slope[l]
        for buffer in weight_sums:
            buffer.fill(0)
        for l, layer in enumerate(case.layers):
            weight_sums[l] += delta[l].T @ inputs[l]
            if layer.mask is not None:
                weight_sums[l] *= layer.mask
            weights[l] -= rate * weight_sums[l]
            if biases[l] is not None:
                bias_sums[l] += delta[l].sum(axis=0)
                biases[l] -= rate * bias_sums[l]
        keep = lambda arrays: [None if v is None else v.copy() for v in arrays]
        pages.append({"net_inputs": z, "activations": a, "deltas": delta, "loss": loss,
                      "weight_gradients": keep(weight_sums), "bias_gradients": keep(bias_sums),
                      "weights": keep(weights), "biases": keep(biases)})
    return pages
