"""Fault: the backward pass of leaky ReLU has no slope below zero; negative net inputs get no gradient."""
import numpy as np
import backproof

RULES = {}


def rule(name):
    def put(cls):
        RULES[name] = cls
        return cls
    return put


@rule("identity")
class Identity:
    f = staticmethod(lambda z, **_: z)
    back = staticmethod(lambda g, z, **_: g)


@rule("tanh")
class Tanh:
    f = staticmethod(lambda z, **_: np.tanh(z))
    back = staticmethod(lambda g, z, **_: g * (1 - np.tanh(z) ** 2))


@rule("sigmoid")
class Sigmoid:
    @staticmethod
    def f(z, **_):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    @staticmethod
    def back(g, z, **_):
        return g * Sigmoid.f(z) * Sigmoid.f(-z)


@rule("relu")
class Relu:
    f = staticmethod(lambda z, **_: np.maximum(z, 0))
    back = staticmethod(lambda g, z, **_: np.where(z > 0, g, 0))


@rule("leaky_relu")
class LeakyRelu:
    f = staticmethod(lambda z, slope: np.where(z > 0, z, slope * z))
    back = staticmethod(lambda g, z, slope: np.where(z > 0, g, 0))


@rule("elu")
class Elu:
    f = staticmethod(lambda z, alpha: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))))
    back = staticmethod(lambda g, z, alpha: g * np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0))))


@rule("softmax")
class Softmax:
    @staticmethod
    def f(z, **_):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    @staticmethod
    def back(g, z, **_):
        o = Softmax.f(z)
        return o * (g - (o * g).sum(axis=1, keepdims=True))


@backproof.subject(activations=sorted(RULES), losses=["squared", "log", "cross_entropy"], skips=[], loss_at="none")
def net(case):
    T = case.x.dtype.type
    net_ = [{"W": l.weights.copy(), "b": None if l.biases is None else l.biases.copy(), "mask": l.mask,
             "rule": RULES[l.activation.name],
             "opts": {k: T(v) for k, v in dict(l.activation.parameters).items() if k in ("slope", "alpha")}}
            for l in case.layers]
    shown = []
    for batch in case.batches:
        h, y = case.x[batch], case.y[batch]
        for d in net_:
            d["in"] = h
            d["z"] = h @ d["W"].T if d["b"] is None else h @ d["W"].T + d["b"]
            h = d["rule"].f(d["z"], **d["opts"]).astype(T)
        g, top = (2 * (h - y), False) if case.loss == "squared" else (h - y, True)
        for d in net_[::-1]:
            delta = g if top else d["rule"].back(g, d["z"], **d["opts"]).astype(T)
            top = False
            g = delta @ d["W"]
            dW = delta.T @ d["in"]
            d["W"] = d["W"] - T(case.learning_rate) * (dW if d["mask"] is None else dW * d["mask"])
            if d["b"] is not None:
                d["b"] = d["b"] - T(case.learning_rate) * delta.sum(axis=0)
        shown.append({"weights": [d["W"] for d in net_], "biases": [d["b"] for d in net_]})
    return shown
