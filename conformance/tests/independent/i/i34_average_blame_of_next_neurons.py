"""A hidden neuron takes the mean, not the sum, over the neurons of the next layer of weight times delta: its delta is
too small by the width of the next layer."""
import numpy as np

import backproof


class Neuron:
    """One neuron, with vectors over the samples of the batch."""

    def __init__(self, weights, bias, edges, activation):
        self.weights, self.bias, self.edges = weights, bias, edges
        self.name, self.p = activation.name, dict(activation.parameters)

    def listen(self, senders):
        z = sum(w * s for w, s in zip(self.weights, senders))
        self.z = z if self.bias is None else z + self.bias
        z = self.z
        if self.name == "sigmoid":
            self.a = np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
            self.slope = self.a * (1 - self.a)
        elif self.name == "tanh":
            self.a = np.tanh(z)
            self.slope = 1 - self.a ** 2
        elif self.name in ("relu", "leaky_relu"):
            self.slope = np.where(z > 0, 1, self.p.get("slope", 0)).astype(z.dtype)
            self.a = self.slope * z
        elif self.name == "softplus":
            self.a = np.logaddexp(0, z)
            self.slope = np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
        else:                                           # identity; softmax is done by its layer
            self.a, self.slope = z, np.ones_like(z)

    def blame(self, i, followers):
        self.delta = self.slope * np.mean([n.weights[i] * n.delta for n in followers], axis=0)

    def gradient(self, senders):
        self.gw = np.array([np.dot(self.delta, s) if e else self.delta.dtype.type(0)
                            for s, e in zip(senders, self.edges)])
        self.gb = np.sum(self.delta)

    def learn(self, rate):
        self.weights = self.weights - rate * self.gw
        if self.bias is not None:
            self.bias = self.bias - rate * self.gb


def normalise(layer):
    z = np.array([n.z for n in layer])
    e = np.exp(z - z.max(axis=0))
    for n, o in zip(layer, e / e.sum(axis=0)):
        n.a = o


def neuron_loss(loss, n, y, log_norm):
    if loss == "squared":
        return np.sum((n.a - y) ** 2) / 2
    if loss == "log":
        return np.sum(y * np.logaddexp(0, -n.z) + (1 - y) * np.logaddexp(0, n.z))
    return np.sum(y * (log_norm - n.z))


@backproof.subject(activations=["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], loss_factor=0.5, skips=["general-output-delta"])
def net(case):
    dtype = case.x.dtype
    layers = []
    for s in case.layers:
        edges = np.ones(s.weights.shape, bool) if s.mask is None else s.mask
        layers.append([Neuron(s.weights[i].copy(), None if s.biases is None else s.biases[i], edges[i], s.activation)
                       for i in range(len(s.weights))])
    rows = lambda key: [np.array([getattr(n, key) for n in layer], dtype=dtype) for layer in layers]
    columns = lambda key: [m.T.copy() for m in rows(key)]
    known = lambda key: [None if layer[0].bias is None else np.array([getattr(n, key) for n in layer], dtype=dtype)
                         for layer in layers]
    story = []
    for batch in case.batches:
        x, y = [case.x[list(batch), j] for j in range(case.x.shape[1])], case.y[list(batch)].T
        senders = [x]
        for layer in layers:
            for n in layer:
                n.listen(senders[-1])
            if layer[0].name == "softmax":
                normalise(layer)
            senders.append([n.a for n in layer])
        log_norm = np.logaddexp.reduce(np.array([n.z for n in layers[-1]]), axis=0)
        loss = dtype.type(sum(neuron_loss(case.loss, n, t, log_norm) for n, t in zip(layers[-1], y)))
        for n, t in zip(layers[-1], y):
            n.delta = n.a - t
        for layer, followers in zip(layers[-2::-1], layers[:0:-1]):
            for i, n in enumerate(layer):
                n.blame(i, followers)
        for layer, heard in zip(layers, senders):
            for n in layer:
                n.gradient(heard)
        for layer in layers:
            for n in layer:
                n.learn(dtype.type(case.learning_rate))
        story.append({"net_inputs": columns("z"), "activations": columns("a"), "deltas": columns("delta"), "loss": loss,
                      "weight_gradients": rows("gw"), "bias_gradients": known("gb"),
                      "weights": rows("weights"), "biases": known("bias")})
    return story
