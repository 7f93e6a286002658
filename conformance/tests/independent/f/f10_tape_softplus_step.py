"""Fault: softplus passes gradients on as ReLU does: its derivative is taken as a step (1 above 0, else 0)."""
import numpy as np
import backproof


class Var:
    def __init__(self, value):
        self.value, self.grad = value, None

    def receive(self, g):
        self.grad = g if self.grad is None else self.grad + g


def affine(tape, a, W, b):
    z = Var(a.value @ W.value.T + (0 if b is None else b.value))

    def back():
        W.receive(z.grad.T @ a.value)
        if b is not None:
            b.receive(z.grad.sum(axis=0))
        a.receive(z.grad @ W.value)
    tape.append(back)
    return z


def logistic(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


def element(tape, kind, z):
    v = z.value
    if kind == "identity":
        out, slope = v.copy(), np.ones_like(v)
    elif kind == "sigmoid":
        out, slope = logistic(v), logistic(v) * logistic(-v)
    elif kind == "tanh":
        out, slope = np.tanh(v), 4 * logistic(2 * v) * logistic(-2 * v)
    elif kind == "relu":
        out, slope = np.maximum(v, 0), (v > 0).astype(v.dtype)
    elif kind == "softplus":
        out, slope = np.maximum(v, 0) + np.log1p(np.exp(-np.abs(v))), (v > 0).astype(v.dtype)
    elif kind == "softmax":
        e = np.exp(v - v.max(axis=1, keepdims=True))
        out = e / e.sum(axis=1, keepdims=True)
    a = Var(out)

    def back():
        if kind == "softmax":
            z.receive(out * (a.grad - (a.grad * out).sum(axis=1, keepdims=True)))
        else:
            z.receive(a.grad * slope)
    tape.append(back)
    return a


def criterion(tape, loss, z, a, y):
    """Pushes the start of the way back; for log and cross-entropy loss it goes to the net inputs directly."""
    v = z.value
    if loss == "squared":
        E = np.square(a.value - y).sum()
        tape.append(lambda: a.receive(2 * (a.value - y)))
    else:
        tape.pop()
        tape.append(lambda: z.receive(a.value - y))
        if loss == "log":
            tail = np.log1p(np.exp(-np.abs(v)))
            E = (y * (np.maximum(-v, 0) + tail) + (1 - y) * (np.maximum(v, 0) + tail)).sum()
        else:
            t = v - v.max(axis=1, keepdims=True)
            E = (y * (np.log(np.exp(t).sum(axis=1, keepdims=True)) - t)).sum()
    return E


@backproof.subject(activations=["softplus", "identity", "sigmoid", "tanh", "relu", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    Ws = [Var(l.weights.copy()) for l in case.layers]
    bs = [None if l.biases is None else Var(l.biases.copy()) for l in case.layers]
    rate = case.x.dtype.type(case.learning_rate)
    result = []
    for batch in case.batches:
        tape, zs, acts = [], [], [Var(case.x[list(batch)])]
        for W, b, l in zip(Ws, bs, case.layers):
            zs.append(affine(tape, acts[-1], W, b))
            acts.append(element(tape, l.activation.name, zs[-1]))
        E = criterion(tape, case.loss, zs[-1], acts[-1], case.y[list(batch)])
        while tape:
            tape.pop()()
        for W, l in zip(Ws, case.layers):
            if l.mask is not None:
                W.grad = W.grad * l.mask
        gW, gb = [W.grad for W in Ws], [None if b is None else b.grad for b in bs]
        Ws = [Var(W.value - rate * W.grad) for W in Ws]
        bs = [None if b is None else Var(b.value - rate * b.grad) for b in bs]
        result.append(dict(net_inputs=[z.value for z in zs], activations=[a.value for a in acts[1:]],
                           deltas=[z.grad for z in zs], loss=E, weight_gradients=gW, bias_gradients=gb,
                           weights=[W.value for W in Ws], biases=[None if b is None else b.value for b in bs]))
    return result
