"""Style: layer objects with forward() and backward(). Fault: the deltas of layer l use weights of layer l+1 that were already updated."""

import numpy as np

import backproof


class Sigmoid:
    def forward(self, z):
        e = np.exp(-np.abs(z))
        self.a = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return self.a

    def backward(self, g):
        return g * self.a * (1 - self.a)


class Tanh:
    def forward(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self, g):
        return g * (1 - self.a * self.a)


class Relu:
    def forward(self, z):
        self.on = z > 0
        return np.where(self.on, z, z.dtype.type(0))

    def backward(self, g):
        return g * self.on


class Identity:
    def forward(self, z):
        return z

    def backward(self, g):
        return g


class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.a = e / e.sum(axis=1, keepdims=True)
        return self.a

    def backward(self, g):
        return self.a * (g - (g * self.a).sum(axis=1, keepdims=True))


KINDS = {"sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu, "identity": Identity, "softmax": Softmax}


class Dense:
    def __init__(self, spec):
        self.W = spec.weights.copy()
        self.b = None if spec.biases is None else spec.biases.copy()
        self.mask = spec.mask
        self.act = KINDS[spec.activation.name]()

    def forward(self, a):
        self.inp = a
        self.z = a @ self.W.T
        if self.b is not None:
            self.z = self.z + self.b
        self.a = self.act.forward(self.z)
        return self.a

    def backward(self, delta):
        self.delta = delta
        self.dW = delta.T @ self.inp
        if self.mask is not None:
            self.dW = self.dW * self.mask
        self.db = None if self.b is None else delta.sum(axis=0)

    def step(self, alpha):
        self.W = self.W - alpha * self.dW
        if self.b is not None:
            self.b = self.b - alpha * self.db

    def pull_back(self):
        return self.delta @ self.W


class Squared:
    def value(self, last, y):
        return np.sum((y - last.a) ** 2)

    def delta(self, last, y):
        return last.act.backward(2 * (last.a - y))


class Log:
    def value(self, last, y):
        return np.sum(y * np.logaddexp(0, -last.z) + (1 - y) * np.logaddexp(0, last.z))

    def delta(self, last, y):
        return last.a - y


class CrossEntropy:
    def value(self, last, y):
        shifted = last.z - last.z.max(axis=1, keepdims=True)
        return np.sum(y * (np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - shifted))

    def delta(self, last, y):
        return last.a * y.sum(axis=1, keepdims=True) - y


LOSSES = {"squared": Squared, "log": Log, "cross_entropy": CrossEntropy}


@backproof.subject(activations=list(KINDS), losses=list(LOSSES))
def net(case):
    chain = [Dense(spec) for spec in case.layers]
    criterion = LOSSES[case.loss]()
    alpha = float(case.learning_rate)
    log = []
    for batch in case.batches:
        rows = np.asarray(batch, dtype=int)
        a, y = case.x[rows], case.y[rows]
        for layer in chain:
            a = layer.forward(a)
        record = {"loss": criterion.value(chain[-1], y)}
        delta = criterion.delta(chain[-1], y)
        for upper, lower in zip(chain[::-1], chain[-2::-1] + [None]):
            upper.backward(delta)
            upper.step(alpha)
            if lower is not None:
                delta = lower.act.backward(upper.pull_back())
        record.update(
            net_inputs=[c.z for c in chain],
            activations=[c.a for c in chain],
            deltas=[c.delta for c in chain],
            weight_gradients=[c.dW for c in chain],
            bias_gradients=[c.db for c in chain],
            weights=[c.W for c in chain],
            biases=[c.b for c in chain],
        )
        log.append(record)
    return log
