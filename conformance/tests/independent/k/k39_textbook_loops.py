"""Fault: the loop that computes hidden deltas stops one too early: the last neuron of every hidden
layer keeps delta 0, so what leads into it never learns."""
import numpy as np
import backproof


def f(name, z):
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z)) if z > -30 else np.exp(z) / (1 + np.exp(z))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return z if z > 0 else z * 0
    return z


def fprime(name, z, a):
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return a.dtype.type(1 if z > 0 else 0)
    return a.dtype.type(1)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity"], losses=["squared", "log"],
                   skips=["general-output-delta"])
def net(case):
    # step 1: the network's parameters
    w = [layer.weights.copy() for layer in case.layers]
    b = [None if layer.biases is None else layer.biases.copy() for layer in case.layers]
    act = [layer.activation.name for layer in case.layers]
    L = len(w)
    alpha = case.x.dtype.type(case.learning_rate)
    answers = []
    for batch in case.batches:
        m = len(batch)
        z = [np.zeros((m, len(w[l])), case.x.dtype) for l in range(L)]
        a = [case.x[list(batch)]] + [np.zeros_like(v) for v in z]
        d = [np.zeros_like(v) for v in z]
        gw = [np.zeros_like(v) for v in w]
        gb = [None if v is None else np.zeros_like(v) for v in b]
        for s in range(m):
            # step 2: forward
            for l in range(L):
                for i in range(len(w[l])):
                    z[l][s, i] = np.dot(w[l][i], a[l][s])
                    if b[l] is not None:
                        z[l][s, i] += b[l][i]
                    a[l + 1][s, i] = f(act[l], z[l][s, i])
            # step 3: deltas of the output layer
            for i in range(len(w[-1])):
                d[-1][s, i] = a[-1][s, i] - case.y[batch[s], i]
                if case.loss == "squared":
                    d[-1][s, i] *= 2
            # step 4: deltas of the hidden layers, from the last to the first
            for l in range(L - 2, -1, -1):
                for i in range(len(w[l]) - 1):
                    total = 0
                    for j in range(len(w[l + 1])):
                        total += w[l + 1][j, i] * d[l + 1][s, j]
                    d[l][s, i] = fprime(act[l], z[l][s, i], a[l + 1][s, i]) * total
            # step 5: add this sample's gradients
            for l in range(L):
                for i in range(len(w[l])):
                    gw[l][i] += d[l][s, i] * a[l][s]
                    if b[l] is not None:
                        gb[l][i] += d[l][s, i]
        # step 6: update
        for l in range(L):
            if case.layers[l].mask is not None:
                gw[l][np.logical_not(case.layers[l].mask)] = 0
            w[l] -= alpha * gw[l]
            if b[l] is not None:
                b[l] -= alpha * gb[l]
        answers.append({"weights": [v.copy() for v in w],
                        "biases": [None if v is None else v.copy() for v in b],
                        "weight_gradients": gw, "bias_gradients": gb})
    return answers
