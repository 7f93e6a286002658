"""Fault: the gradients are averaged over the batch although the loss is the sum over the samples."""
import numpy as np
import backproof


class MLP:
    def __call__(self, case):
        self.kinds = [layer.activation.name for layer in case.layers]
        self.theta = [(layer.weights, layer.biases) for layer in case.layers]
        self.rate = case.x.dtype.type(case.learning_rate)
        return [self.update(case, list(batch)) for batch in case.batches]

    def update(self, case, batch):
        x, y = case.x[batch], case.y[batch]
        n = x.dtype.type(len(batch))
        inputs, outputs, nets = [], [], []
        for (w, b), kind in zip(self.theta, self.kinds):
            inputs.append(x)
            z = x @ w.T + (0 if b is None else b)
            x = getattr(self, kind)(z)
            nets.append(z)
            outputs.append(x)
        if case.loss == "cross_entropy":
            top = z - z.max(1, keepdims=True)
            loss = (y * (np.log(np.exp(top).sum(1, keepdims=True)) - top)).sum()
            d = x - y
        elif case.loss == "log":
            d = x - y
            loss = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
        else:
            loss = np.square(y - x).sum()
            g = 2 * (x - y)
            d = x * (g - (x * g).sum(1, keepdims=True)) if kind == "softmax" else g * self.prime(kind, z, x)
        deltas = [d]
        for i in range(len(self.theta) - 1, 0, -1):
            d = self.prime(self.kinds[i - 1], nets[i - 1], outputs[i - 1]) * (d @ self.theta[i][0])
            deltas.insert(0, d)
        fresh = []
        for (w, b), d, p, layer in zip(self.theta, deltas, inputs, case.layers):
            gw = d.T @ p / n
            if layer.mask is not None:
                gw *= layer.mask
            fresh.append((w - self.rate * gw, None if b is None else b - self.rate * (d.sum(0) / n)))
        self.theta = fresh
        return {"loss": loss, "deltas": deltas, "weights": [w for w, _ in fresh], "biases": [b for _, b in fresh]}

    def sigmoid(self, z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    tanh = staticmethod(np.tanh)

    def relu(self, z):
        return np.maximum(z, 0)

    def identity(self, z):
        return z

    def softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def prime(self, kind, z, a):
        if kind == "sigmoid":
            return a * (1 - a)
        if kind == "tanh":
            return 1 - a * a
        if kind == "relu":
            return np.where(z > 0, z.dtype.type(1), z.dtype.type(0))
        return np.ones_like(z)


net = backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                        losses=["squared", "log", "cross_entropy"])(MLP())
