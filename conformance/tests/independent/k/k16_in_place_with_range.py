"""Fault: the largest |x| ever seen is kept from call to call; inputs' range goes out of the gradients by this remembered value but back in by the present call's own, so all gradients are scaled by now/ever once a call with larger inputs has been made before."""
import numpy as np
import backproof


class Range:
    """The range of the inputs, for scaling deltas into a comfortable region."""

    def __init__(self):
        self.ever = 0.0
        self.now = 0.0

    def look(self, x):
        self.now = float(np.abs(x).max())
        self.ever = max(self.ever, self.now)

    def shrink(self, v):
        if self.ever > 0:
            v /= v.dtype.type(self.ever)

    def restore(self, v):
        if self.ever > 0:
            v *= v.dtype.type(self.now)


input_range = Range()


def sigmoid_(z):
    np.negative(np.abs(z), out=(e := np.empty_like(z)))
    np.exp(e, out=e)
    return np.where(z >= 0, 1, e) / (1 + e)


def activate_(name, z, a):
    """Writes the activations of z into a."""
    if name == "identity":
        a[...] = z
    elif name == "sigmoid":
        a[...] = sigmoid_(z)
    elif name == "tanh":
        np.tanh(z, out=a)
    elif name == "relu":
        np.maximum(z, 0, out=a)
    elif name == "softplus":
        np.logaddexp(0, z, out=a)
    elif name == "softmax":
        np.exp(z - z.max(axis=1, keepdims=True), out=a)
        a /= a.sum(axis=1, keepdims=True)


def times_slope_(name, z, a, d):
    """Multiplies d by the derivative, in place."""
    if name == "sigmoid":
        d *= a
        d *= sigmoid_(-z)
    elif name == "tanh":
        d *= (1 - a) * (1 + a)
    elif name == "relu":
        d *= z > 0
    elif name == "softplus":
        d *= sigmoid_(z)
    elif name == "softmax":
        d -= (d * a).sum(axis=1, keepdims=True)
        d *= a


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    input_range.look(case.x)
    names = [l.activation.name for l in case.layers]
    W = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    results = []
    for batch in case.batches:
        idx = list(batch)
        zs, acts = [], [case.x[idx]]
        for l in range(len(W)):
            z = acts[-1] @ W[l].T
            if b[l] is not None:
                z += b[l]
            a = np.empty_like(z)
            activate_(names[l], z, a)
            zs.append(z)
            acts.append(a)
        d = acts[-1] - case.y[idx]
        if case.loss == "squared":
            d *= 2
            times_slope_(names[-1], zs[-1], acts[-1], d)
        input_range.shrink(d)
        gW, gb = [None] * len(W), [None] * len(W)
        for l in range(len(W) - 1, -1, -1):
            gW[l] = d.T @ acts[l]
            input_range.restore(gW[l])
            if case.layers[l].mask is not None:
                gW[l] *= case.layers[l].mask
            if b[l] is not None:
                gb[l] = d.sum(axis=0)
                input_range.restore(gb[l])
            if l:
                d = d @ W[l]
                times_slope_(names[l - 1], zs[l - 1], acts[l], d)
        for l in range(len(W)):
            W[l] -= rate * gW[l]
            if b[l] is not None:
                b[l] -= rate * gb[l]
        results.append({"weight_gradients": gW, "bias_gradients": gb, "weights": [w.copy() for w in W],
                        "biases": [None if c is None else c.copy() for c in b]})
    return results
