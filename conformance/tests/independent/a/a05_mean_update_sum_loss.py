"""Style: einsum with named indices. Fault: gradients are divided by the batch size although E is the sum."""

import numpy as np
from numpy import einsum

import backproof

# s: sample, i: receiving neuron, j: sending neuron, k: other output


def sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def softmax(z):
    e = np.exp(z - z.max(1)[:, None])
    return einsum("si,s->si", e, 1 / einsum("si->s", e))


FORWARD = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "softmax": softmax,
}
DERIVATIVE = {
    "identity": np.ones_like,
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
    "tanh": lambda z: (1 - np.tanh(z)) * (1 + np.tanh(z)),
    "relu": lambda z: (z > 0).astype(z.dtype),
}


def jacobian(name, z, a):
    """da_k/dz_i for every sample, (s, k, i)."""
    eye = np.eye(z.shape[1], dtype=z.dtype)
    if name == "softmax":
        return einsum("sk,ki->ski", a, eye) - einsum("sk,si->ski", a, a)
    return einsum("si,ki->ski", DERIVATIVE[name](z), eye)


@backproof.subject(activations=list(FORWARD), losses=["squared", "log", "cross_entropy"])
def net(case):
    w = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    m = [None if l.mask is None else l.mask.astype(case.dtype) for l in case.layers]
    f = [l.activation.name for l in case.layers]
    alpha = float(case.learning_rate)
    shown = []
    for batch in case.batches:
        idx = np.array(batch, dtype=np.intp)
        y = case.y[idx]
        a, z = [case.x[idx]], []
        for wl, bl, fl in zip(w, b, f):
            zl = einsum("ij,sj->si", wl, a[-1])
            if bl is not None:
                zl = zl + bl[None, :]
            z.append(zl)
            a.append(FORWARD[fl](zl))
        o, zo = a[-1], z[-1]
        if case.loss == "squared":
            loss = einsum("si,si->", y - o, y - o)
            last = einsum("sk,ski->si", 2 * (o - y), jacobian(f[-1], zo, o))
        elif case.loss == "log":
            loss = einsum("si,si->", y, np.logaddexp(0, -zo)) + einsum("si,si->", 1 - y, np.logaddexp(0, zo))
            last = o - y
        else:
            t = zo - zo.max(1)[:, None]
            loss = einsum("si,si->", y, np.log(einsum("si->s", np.exp(t)))[:, None] - t)
            last = einsum("si,sk->si", o, y) - y
        d = [last]
        for l in range(len(w) - 1, 0, -1):
            d.insert(0, einsum("si,ij,sj->sj", d[0], w[l], DERIVATIVE[f[l - 1]](z[l - 1])))
        scale = 1.0 / len(idx)
        gw = [scale * einsum("si,sj->ij", dl, al) for dl, al in zip(d, a)]
        gw = [g if ml is None else einsum("ij,ij->ij", g, ml) for g, ml in zip(gw, m)]
        gb = [None if bl is None else scale * einsum("si->i", dl) for dl, bl in zip(d, b)]
        w = [wl - alpha * g for wl, g in zip(w, gw)]
        b = [None if bl is None else bl - alpha * g for bl, g in zip(b, gb)]
        shown.append(
            dict(
                net_inputs=z,
                activations=a[1:],
                loss=loss,
                deltas=d,
                weight_gradients=gw,
                bias_gradients=gb,
                weights=w,
                biases=b,
            )
        )
    return shown
