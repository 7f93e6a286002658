"""Style: a doubly linked list of layers that pass messages forward and back. Faults (two): in square layers the weights are not transposed in the delta rule AND the gradient of layer 1 uses only the first sample."""

import numpy as np

import backproof


class Link:
    def __init__(self, spec, before):
        self.before, self.after = before, None
        if before is not None:
            before.after = self
        self.W, self.b, self.mask = spec.weights, spec.biases, spec.mask
        self.name = spec.activation.name

    def receive(self, a):
        self.inp = a
        self.z = np.inner(a, self.W)
        if self.b is not None:
            self.z = self.z + self.b
        self.a = self.squash()
        return self if self.after is None else self.after.receive(self.a)

    def squash(self):
        z = self.z
        if self.name == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        if self.name == "tanh":
            return np.tanh(z)
        if self.name == "relu":
            return np.maximum(z, 0)
        if self.name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return z

    def settle(self, dE_da):
        a = self.a
        if self.name == "sigmoid":
            delta = dE_da * a * (1 - a)
        elif self.name == "tanh":
            delta = dE_da * (1 - a**2)
        elif self.name == "relu":
            delta = dE_da * (self.z > 0)
        elif self.name == "softmax":
            delta = a * (dE_da - np.sum(dE_da * a, axis=1, keepdims=True))
        else:
            delta = dE_da
        self.send_back(delta)

    def send_back(self, delta):
        self.delta = delta
        used = slice(0, 1) if self.before is None else slice(None)
        self.gW = np.tensordot(delta[used], self.inp[used], axes=(0, 0))
        if self.mask is not None:
            self.gW = self.gW * self.mask
        self.gb = None if self.b is None else delta[used].sum(axis=0)
        if self.before is not None:
            n_out, n_in = self.W.shape
            matrix = self.W.T if n_out == n_in else self.W
            self.before.settle(np.dot(delta, matrix))

    def learn(self, alpha):
        self.W = self.W - alpha * self.gW
        if self.b is not None:
            self.b = self.b - alpha * self.gb
        if self.after is not None:
            self.after.learn(alpha)

    def __iter__(self):
        node = self
        while node is not None:
            yield node
            node = node.after


def log_softmax(z):
    s = z - z.max(axis=1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=1, keepdims=True))


@backproof.subject(
    activations=["sigmoid", "tanh", "relu", "identity", "softmax"], losses=["squared", "log", "cross_entropy"]
)
def net(case):
    first = last = None
    for spec in case.layers:
        last = Link(spec, last)
        first = first or last
    moments = []
    for batch in case.batches:
        rows = list(batch)
        y = case.y[rows]
        end = first.receive(case.x[rows])
        o, z = end.a, end.z
        if case.loss == "squared":
            loss = np.sum((y - o) ** 2)
            end.settle(2 * (o - y))
        elif case.loss == "log":
            loss = np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))
            end.send_back(o - y)
        else:
            loss = -np.sum(y * log_softmax(z))
            end.send_back(o * y.sum(axis=1, keepdims=True) - y)
        first.learn(float(case.learning_rate))
        moments.append(
            {
                key: [getattr(link, attr) for link in first]
                for key, attr in (
                    ("net_inputs", "z"),
                    ("activations", "a"),
                    ("deltas", "delta"),
                    ("weight_gradients", "gW"),
                    ("bias_gradients", "gb"),
                    ("weights", "W"),
                    ("biases", "b"),
                )
            }
        )
        moments[-1]["loss"] = loss
    return moments
