"""Fault: the bias gradient takes the mean over a layer's neurons (d is one sample's vector, so d.mean() runs over the wrong axis); all biases of a layer get the same gradient."""
import numpy as np
import backproof


def sg(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1, e) / (1 + e)


class Neurons:
    """One layer, which sees one sample (a vector) at a time and adds up its gradients."""

    def __init__(self, spec):
        self.w = np.array(spec.weights)
        self.b = None if spec.biases is None else np.array(spec.biases)
        self.mask = spec.mask
        self.kind = spec.activation.name
        self.par = dict(spec.activation.parameters)
        self.reset()

    def reset(self):
        self.grad_w = np.zeros_like(self.w)
        self.grad_b = None if self.b is None else np.zeros_like(self.b)

    def __call__(self, v):
        self.v = v
        self.z = z = self.w @ v if self.b is None else self.w @ v + self.b
        if self.kind == "softmax":
            e = np.exp(z - z.max())
            self.a = e / e.sum()
        elif self.kind == "sigmoid":
            self.a = sg(z)
        elif self.kind == "tanh":
            self.a = np.tanh(z)
        elif self.kind == "relu":
            self.a = z * (z > 0)
        elif self.kind == "leaky_relu":
            self.a = z * np.where(z > 0, 1, self.par["slope"]).astype(z.dtype)
        elif self.kind == "softplus":
            self.a = np.logaddexp(0, z)
        else:
            self.a = z
        return self.a

    def through(self, g):
        """From dE/da to dE/dz."""
        z, a = self.z, self.a
        if self.kind == "softmax":
            return a * (g - g @ a)
        if self.kind == "sigmoid":
            return g * a * sg(-z)
        if self.kind == "tanh":
            return g * (1 - a * a)
        if self.kind == "relu":
            return g * (z > 0)
        if self.kind == "leaky_relu":
            return g * np.where(z > 0, 1, self.par["slope"]).astype(z.dtype)
        if self.kind == "softplus":
            return g * sg(z)
        return g

    def absorb(self, d):
        """Adds this sample's gradients and returns dE/d(input)."""
        self.grad_w += np.outer(d, self.v) if self.mask is None else np.outer(d, self.v) * self.mask
        if self.b is not None:
            self.grad_b += d.mean()
        return d @ self.w

    def learn(self, rate):
        self.w = self.w - rate * self.grad_w
        if self.b is not None:
            self.b = self.b - rate * self.grad_b


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_at="none")
def net(case):
    layers = [Neurons(spec) for spec in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    steps = []
    for batch in case.batches:
        per_sample = []
        for layer in layers:
            layer.reset()
        for s in batch:
            o = case.x[s]
            for layer in layers:
                o = layer(o)
            d = o - case.y[s]
            if case.loss == "squared":
                d = layers[-1].through(2 * d)
            ds = [d]
            for layer, below in zip(layers[:0:-1], layers[-2::-1]):
                ds.append(below.through(layer.absorb(ds[-1])))
            layers[0].absorb(ds[-1])
            per_sample.append(ds[::-1])
        for layer in layers:
            layer.learn(rate)
        steps.append({"deltas": [np.stack(d) for d in zip(*per_sample)],
                      "weight_gradients": [l.grad_w for l in layers], "bias_gradients": [l.grad_b for l in layers],
                      "weights": [l.w for l in layers], "biases": [l.b for l in layers]})
    return steps
