"""Two faults: momentum of 0.9 is left on in the updates, and tanh's derivative is written 1 - a for 1 - a^2."""
import numpy as np
import backproof

SLOPES = {"identity": lambda a: 1 + 0 * a,
          "sigmoid": lambda a: a * (1 - a),
          "tanh": lambda a: 1 - a,
          "relu": lambda a: np.sign(a),
          "softplus": lambda a: -np.expm1(-a)}


def squeeze(name, z):
    if name == "sigmoid":
        negative = z < 0
        np.abs(z, out=z)
        np.negative(z, out=z)
        np.exp(z, out=z)
        low = z / (1 + z)
        z += 1
        np.reciprocal(z, out=z)
        np.copyto(z, low, where=negative)
    elif name == "tanh":
        np.tanh(z, out=z)
    elif name == "relu":
        np.maximum(z, 0, out=z)
    elif name == "softplus":
        np.logaddexp(z, np.zeros_like(z), out=z)
    elif name == "softmax":
        z -= z.max(axis=1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(axis=1, keepdims=True)
    return z


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], weight_layout="in_out", loss_factor=0.5)
def net(case):
    names = [l.activation.name for l in case.layers]
    w = [np.array(l.weights) for l in case.layers]
    b = [None if l.biases is None else np.array(l.biases) for l in case.layers]
    vw = [np.zeros_like(m) for m in w]
    vb = [None if m is None else np.zeros_like(m) for m in b]
    t = w[0].dtype.type
    beta, eta = t(0.9), t(case.learning_rate)
    seen = []
    for batch in case.batches:
        a = [case.x[list(batch)]]
        for wl, bl, name in zip(w, b, names):
            z = np.dot(a[-1], wl)
            if bl is not None:
                z += bl
            a.append(squeeze(name, z))
        d = a[-1] - case.y[list(batch)]
        if case.loss == "squared":
            if names[-1] == "softmax":
                d -= (d * a[-1]).sum(axis=1, keepdims=True)
                d *= a[-1]
            else:
                d *= SLOPES[names[-1]](a[-1])
        gw, gb = [], []
        for l in range(len(w) - 1, -1, -1):
            g = np.dot(a[l].T, d)
            if case.layers[l].mask is not None:
                g *= case.layers[l].mask
            gw.append(g)
            gb.append(None if b[l] is None else d.sum(axis=0))
            if l:
                d = np.dot(d, w[l].T)
                d *= SLOPES[names[l - 1]](a[l])
        gw.reverse()
        gb.reverse()
        for l in range(len(w)):
            vw[l] *= beta
            vw[l] -= eta * gw[l]
            w[l] += vw[l]
            if b[l] is not None:
                vb[l] *= beta
                vb[l] -= eta * gb[l]
                b[l] += vb[l]
        seen.append({"activations": a[1:], "weight_gradients": gw, "bias_gradients": gb,
                     "weights": [m.copy() for m in w], "biases": [None if m is None else m.copy() for m in b]})
    return seen
