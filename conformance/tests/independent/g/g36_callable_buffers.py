"""Fault: the deltas of the hidden layers are rounded to bfloat16 (8 bits of mantissa) before anything is made of them."""
import numpy as np

import backproof


def through_bfloat16(d):
    bits = np.ascontiguousarray(d, dtype=np.float32).view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(d.dtype)


class Trainer:
    """A callable; works in place on buffers that are made anew for each batch."""

    def __call__(self, case):
        self.acts = [(l.activation.name, dict(l.activation.parameters)) for l in case.layers]
        self.W = [l.weights.copy() for l in case.layers]
        self.b = [None if l.biases is None else l.biases.copy() for l in case.layers]
        self.case = case
        return [self.update(list(batch)) for batch in case.batches]

    def fire(self, k, z, a):
        """a <- f(z)"""
        name, par = self.acts[k]
        np.copyto(a, z)
        if name == "tanh":
            np.tanh(z, out=a)
        elif name == "sigmoid":
            np.abs(z, out=a)
            np.negative(a, out=a)
            np.exp(a, out=a)
            top = np.where(z >= 0, np.ones_like(a), a)
            np.divide(top, 1 + a, out=a)
        elif name == "relu":
            a[a < 0] = 0
        elif name == "leaky_relu":
            a[a < 0] *= par["slope"]
        elif name == "elu":
            a[a < 0] = par["alpha"] * np.expm1(a[a < 0])
        elif name == "softplus":
            np.logaddexp(z, z.dtype.type(0), out=a)
        elif name == "softmax":
            a -= a.max(axis=1, keepdims=True)
            np.exp(a, out=a)
            a /= a.sum(axis=1, keepdims=True)

    def chain(self, k, z, a, d):
        """d <- d * f'(z)"""
        name, par = self.acts[k]
        if name == "tanh":
            d *= 1 - a
            d *= 1 + a
        elif name == "sigmoid":
            d *= a
            d *= 1 - a
        elif name == "relu":
            d[z <= 0] = 0
        elif name == "leaky_relu":
            d[z <= 0] *= par["slope"]
        elif name == "elu":
            d[z <= 0] *= par["alpha"] * np.exp(z[z <= 0])
        elif name == "softplus":
            d *= np.exp(-np.logaddexp(-z, z.dtype.type(0)))
        elif name == "softmax":
            d -= np.sum(d * a, axis=1, keepdims=True)
            d *= a

    def update(self, rows):
        x, y, L, dt = self.case.x[rows], self.case.y[rows], len(self.W), self.case.x.dtype
        z, a, d = ([np.empty((len(rows), w.shape[0]), dt) for w in self.W] for _ in range(3))
        for k in range(L):
            np.matmul(a[k - 1] if k else x, self.W[k].T, out=z[k])
            if self.b[k] is not None:
                z[k] += self.b[k]
            self.fire(k, z[k], a[k])
        np.subtract(a[-1], y, out=d[-1])
        if self.case.loss == "squared":
            d[-1] *= 2
            self.chain(L - 1, z[-1], a[-1], d[-1])
        for k in range(L - 2, -1, -1):
            np.matmul(d[k + 1], self.W[k + 1], out=d[k])
            self.chain(k, z[k], a[k], d[k])
            d[k][...] = through_bfloat16(d[k])
        gW = [d[k].T @ (a[k - 1] if k else x) for k in range(L)]
        gb = [None if self.b[k] is None else d[k].sum(axis=0) for k in range(L)]
        rate = dt.type(self.case.learning_rate)
        for k, layer in enumerate(self.case.layers):
            if layer.mask is not None:
                gW[k] *= layer.mask
            self.W[k] -= rate * gW[k]
            if gb[k] is not None:
                self.b[k] -= rate * gb[k]
        return {"net_inputs": z, "activations": a, "deltas": d, "weight_gradients": gW, "bias_gradients": gb,
                "weights": [w.copy() for w in self.W], "biases": [None if v is None else v.copy() for v in self.b]}


net = backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                        losses=["squared", "log", "cross_entropy"], loss_at="none")(Trainer())
