"""Fault: the program keeps its own counter and takes samples 0, 1, 2, ... round and round, whatever a batch names."""
import itertools
import numpy as np
import backproof


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, z.dtype.type(1), e) / (1 + e)


def layer(spec, rate):
    """A coroutine: send the inputs, get (z, a); send the delta, get what goes down; send None, it steps."""
    w = np.array(spec.weights)
    b = None if spec.biases is None else np.array(spec.biases)
    inputs = yield
    while True:
        z = np.matmul(inputs, w.T)
        if b is not None:
            z += b
        delta = yield z
        gw = np.matmul(delta.T, inputs)
        if spec.mask is not None:
            gw[~spec.mask] = 0
        gb = None if b is None else np.add.reduce(delta, axis=0)
        yield np.matmul(delta, w)
        w = w - rate * gw
        b = None if b is None else b - rate * gb
        yield gw, gb, w, b
        inputs = yield


def bend(name, z):
    if name == "sigmoid":
        s = sigmoid(z)
        return s, lambda g: g * s * (1 - s)
    if name == "tanh":
        a = np.tanh(z)
        return a, lambda g: g * (1 - a * a)
    if name == "relu":
        on = z > 0
        return z * on, lambda g: g * on
    if name == "softplus":
        return np.logaddexp(z.dtype.type(0), z), lambda g: g * sigmoid(z)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1)[:, None])
        s = e / e.sum(axis=1)[:, None]
        return s, lambda g: s * (g - (s * g).sum(axis=1)[:, None])
    return z.copy(), lambda g: g


def loss_of(kind, z, o, y):
    if kind == "squared":
        return ((o - y) ** 2).sum()
    if kind == "log":
        zero = z.dtype.type(0)
        return (y * np.logaddexp(zero, -z) + (1 - y) * np.logaddexp(zero, z)).sum()
    s = z - z.max(axis=1)[:, None]
    return -(y * (s - np.log(np.exp(s).sum(axis=1))[:, None])).sum()


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    team = [layer(spec, rate) for spec in case.layers]
    for member in team:
        next(member)
    stream = itertools.cycle(range(len(case.x)))
    story = []
    for batch in case.batches:
        chosen = list(itertools.islice(stream, len(batch)))
        h, y = case.x[chosen], case.y[chosen]
        zs, acts, backs = [], [], []
        for member, spec in zip(team, case.layers):
            z = member.send(h)
            h, back = bend(spec.activation.name, z)
            zs.append(z), acts.append(h), backs.append(back)
        delta = backs[-1](2 * (h - y)) if case.loss == "squared" else h - y
        deltas = [delta]
        for i in range(len(team) - 1, -1, -1):
            down = team[i].send(delta)
            if i:
                delta = backs[i - 1](down)
                deltas.append(delta)
        ends = [next(member) for member in team]
        for member in team:
            next(member)
        gw, gb, w, b = map(list, zip(*ends))
        story.append(dict(net_inputs=zs, activations=acts, deltas=deltas[::-1], loss=loss_of(case.loss, zs[-1], h, y),
                          weight_gradients=gw, bias_gradients=gb, weights=w, biases=b))
    return story
