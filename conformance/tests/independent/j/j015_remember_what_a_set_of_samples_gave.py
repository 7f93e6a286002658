"""Fault: activations are remembered under the set of the batch's samples. The monitor, which goes through the data
in ascending order, fills the store; a shuffled batch then multiplies its deltas with rows in that other order."""
import numpy as np

import backproof


def sigmoid(z):
    return np.exp(np.clip(z, None, 0)) / (1 + np.exp(-np.abs(z)))


def softmax(z):
    e = np.exp(z - z.max(axis=1)[:, None])
    return e / e.sum(axis=1)[:, None]


ACT = {"identity": (lambda z: z.copy(), np.ones_like), "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
       "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)), "softmax": (softmax, None),
       "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype))}


class Trainer:
    def __init__(self, case):
        self.x, self.y, self.loss = case.x, case.y, case.loss
        self.rate = case.x.dtype.type(case.learning_rate)
        self.layers = [{"W": l.weights.copy(), "b": None if l.biases is None else l.biases.copy(),
                        "mask": l.mask, "kind": l.activation.name} for l in case.layers]
        self.store = {}

    def forward(self, batch):
        a = [self.x[batch]]
        zs = []
        for layer in self.layers:
            z = a[-1] @ layer["W"].T
            if layer["b"] is not None:
                z += layer["b"]
            zs.append(z)
            a.append(ACT[layer["kind"]][0](z))
        self.store.setdefault(frozenset(batch), a)
        return zs

    def monitor(self, batch):
        rows = sorted(batch)
        z, y = self.forward(rows)[-1], self.y[rows]
        if self.loss == "squared":
            return ((self.store[frozenset(rows)][-1] - y) ** 2).sum()
        if self.loss == "log":
            return (np.logaddexp(np.zeros_like(z), z) - z * y).sum()
        s = z - z.max(axis=1)[:, None]
        return (y * (np.log(np.exp(s).sum(axis=1))[:, None] - s)).sum()

    def deltas(self, zs, y):
        f, slope = ACT[self.layers[-1]["kind"]]
        o = f(zs[-1])
        d = o - y
        if self.loss == "squared":
            d = 2 * d * slope(zs[-1]) if slope else 2 * o * (d - (d * o).sum(axis=1)[:, None])
        out = [d]
        for below, layer, z in zip(self.layers[-2::-1], self.layers[:0:-1], zs[-2::-1]):
            d = d @ layer["W"] * ACT[below["kind"]][1](z)
            out.append(d)
        return out[::-1]

    def update(self, batch):
        loss = self.monitor(batch)
        zs = self.forward(batch)
        ds = self.deltas(zs, self.y[batch])
        inputs = self.store[frozenset(batch)][:-1]
        grads = []
        for layer, d, a in zip(self.layers, ds, inputs):
            dW = d.T @ a
            if layer["mask"] is not None:
                dW[~layer["mask"]] = 0
            grads.append((dW, None if layer["b"] is None else d.sum(axis=0)))
        for layer, (dW, db) in zip(self.layers, grads):
            layer["W"] = layer["W"] - self.rate * dW
            if db is not None:
                layer["b"] = layer["b"] - self.rate * db
        self.store.clear()  # the weights have changed
        return {"net_inputs": zs, "deltas": ds, "loss": loss, "weight_gradients": [g[0] for g in grads],
                "bias_gradients": [g[1] for g in grads], "weights": [layer["W"] for layer in self.layers],
                "biases": [layer["b"] for layer in self.layers]}


@backproof.subject(activations=list(ACT), losses=["squared", "log", "cross_entropy"])
def net(case):
    trainer = Trainer(case)
    out = [trainer.update(list(batch)) for batch in case.batches]
    return out if len(out) > 1 else out[0]
