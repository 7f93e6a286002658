"""Style: in_out weight layout (x @ W), regression only. Fault: the factor 2 of the squared loss is missing in the output delta."""

import numpy as np

import backproof


def logistic(z):
    out = np.empty_like(z)
    pos = z >= 0
    out[pos] = 1 / (1 + np.exp(-z[pos]))
    e = np.exp(z[~pos])
    out[~pos] = e / (1 + e)
    return out


def apply(activation, z):
    """Returns f(z), f'(z)."""
    name, par = activation.name, dict(activation.parameters)
    one = z.dtype.type(1)
    if name == "identity":
        return z, np.ones_like(z)
    if name == "sigmoid":
        s = logistic(z)
        return s, s * logistic(-z)
    if name == "tanh":
        t = np.tanh(z)
        return t, one - t * t
    if name == "relu":
        return np.maximum(z, 0), np.where(z > 0, one, one * 0)
    if name == "leaky_relu":
        k = z.dtype.type(par["slope"])
        return np.where(z > 0, z, k * z), np.where(z > 0, one, k)
    if name == "elu":
        k = z.dtype.type(par["alpha"])
        neg = np.minimum(z, 0)
        return np.where(z > 0, z, k * np.expm1(neg)), np.where(z > 0, one, k * np.exp(neg))
    if name == "softplus":
        return np.logaddexp(0, z), logistic(z)
    raise NotImplementedError(name)


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus"],
    losses=["squared"],
    weight_layout="in_out",
    skips=["masked"],
)
def net(case):
    weights = [layer.weights for layer in case.layers]  # (n_in, n_out)
    biases = [layer.biases for layer in case.layers]
    alpha = float(case.learning_rate)
    result = []
    for batch in case.batches:
        take = list(batch)
        a = case.x[take]
        target = case.y[take]
        inputs, zs, outs, primes = [], [], [], []
        for layer, W, b in zip(case.layers, weights, biases):
            inputs.append(a)
            z = a @ W if b is None else a @ W + b
            a, prime = apply(layer.activation, z)
            zs.append(z)
            outs.append(a)
            primes.append(prime)
        error = a - target
        step = {"net_inputs": zs, "activations": outs, "loss": np.sum(error * error)}
        delta = error * primes[-1]
        deltas = [delta]
        for W, prime in zip(weights[:0:-1], primes[-2::-1]):
            delta = (delta @ W.T) * prime
            deltas.append(delta)
        deltas = deltas[::-1]
        dW = [p.T @ d for p, d in zip(inputs, deltas)]
        db = [None if b is None else d.sum(0) for b, d in zip(biases, deltas)]
        weights = [W - alpha * g for W, g in zip(weights, dW)]
        biases = [None if b is None else b - alpha * g for b, g in zip(biases, db)]
        step.update(deltas=deltas, weight_gradients=dW, bias_gradients=db, weights=weights, biases=biases)
        result.append(step)
    return result
