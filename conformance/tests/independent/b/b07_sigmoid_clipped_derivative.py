"""Style: in_out weight layout, sigmoid networks; fault: sigmoid's derivative is clipped to [0.01, 0.99]."""

import numpy as np

import backproof


def sigmoid(z):
    positive = z >= 0
    t = np.exp(np.where(positive, -z, z))
    return np.where(positive, 1 / (1 + t), t / (1 + t))


def sigmoid_prime(z):
    return np.clip(sigmoid(z) * sigmoid(-z), 0.01, 0.99)


def softplus(z):
    return np.logaddexp(np.zeros_like(z), z)


@backproof.subject(
    activations=["sigmoid", "identity"],
    losses=["log", "squared"],
    skips=["masked"],
    weight_layout="in_out",
)
def net(case):
    n_layers = len(case.layers)
    w = [np.array(layer.weights) for layer in case.layers]
    b = [None if layer.biases is None else np.array(layer.biases) for layer in case.layers]
    is_sigmoid = [layer.activation.name == "sigmoid" for layer in case.layers]
    lr = float(case.learning_rate)
    results = []

    for batch in case.batches:
        x = case.x[list(batch), :]
        y = case.y[list(batch), :]

        # forward: row vectors times (n_in, n_out)
        z, a = [], []
        inputs = x
        for l in range(n_layers):
            zl = inputs @ w[l]
            if b[l] is not None:
                zl = zl + b[l][np.newaxis, :]
            z.append(zl)
            inputs = sigmoid(zl) if is_sigmoid[l] else zl.copy()
            a.append(inputs)

        # loss and output delta
        out_z, out = z[-1], a[-1]
        if case.loss == "log":
            loss = (y * softplus(-out_z) + (1 - y) * softplus(out_z)).sum()
            delta = (1 - y) * out - y * sigmoid(-out_z)
        else:
            loss = ((y - out) ** 2).sum()
            delta = 2 * (out - y)
            if is_sigmoid[-1]:
                delta = delta * sigmoid_prime(out_z)

        # backward
        deltas = [None] * n_layers
        deltas[-1] = delta
        for l in range(n_layers - 1, 0, -1):
            back = deltas[l] @ w[l].T
            deltas[l - 1] = back * sigmoid_prime(z[l - 1]) if is_sigmoid[l - 1] else back

        gw = [(x if l == 0 else a[l - 1]).T @ deltas[l] for l in range(n_layers)]
        gb = [None if b[l] is None else deltas[l].sum(axis=0) for l in range(n_layers)]

        # update
        w = [w[l] - lr * gw[l] for l in range(n_layers)]
        b = [None if b[l] is None else b[l] - lr * gb[l] for l in range(n_layers)]

        results.append(
            {
                "net_inputs": z,
                "activations": a,
                "loss": loss,
                "deltas": deltas,
                "weight_gradients": gw,
                "bias_gradients": gb,
                "weights": list(w),
                "biases": list(b),
            }
        )
    return results
