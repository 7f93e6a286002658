"""Fault: the hidden deltas are formed with the derivative of the OUTPUT layer's activation, in every hidden layer."""
import numpy as np
import backproof


def sg(z):
    top = np.fmax(z, 0)
    return np.exp(z - top) / (np.exp(-top) + np.exp(z - top))


fun = dict(identity=lambda z: +z, sigmoid=sg, tanh=np.tanh, relu=lambda z: np.fmax(z, 0),
           softplus=lambda z: np.logaddexp(z, np.zeros_like(z)))
der = dict(identity=lambda z: z ** 0, sigmoid=lambda z: sg(z) * sg(-z), tanh=lambda z: 1 - np.tanh(z) ** 2,
           relu=lambda z: np.greater(z, 0).astype(z.dtype), softplus=sg)


def backward(ws, zs, last_delta, slope):
    if len(ws) == 1:
        return [last_delta]
    tail = backward(ws[1:], zs[1:], last_delta, slope)
    return [slope(zs[0]) * (tail[0] @ ws[1])] + tail


@backproof.subject(activations=list(fun), losses=["squared", "log"])
def net(case):
    ws = tuple(np.array(l.weights) for l in case.layers)
    bs = tuple(None if l.biases is None else np.array(l.biases) for l in case.layers)
    names = [l.activation.name for l in case.layers]
    slope = der[names[-1]]
    everything = []
    for batch in map(list, case.batches):
        x, y = case.x[batch], case.y[batch]
        zs, acts = [], [x]
        for w, b, name in zip(ws, bs, names):
            zs.append(acts[-1] @ w.T + (np.zeros(len(w), w.dtype) if b is None else b))
            acts.append(fun[name](zs[-1]))
        o = acts[-1]
        if case.loss == "log":
            end = o - y
            loss = np.sum(y * np.logaddexp(0, -zs[-1]) + (1 - y) * np.logaddexp(0, zs[-1]))
        else:
            end = 2 * (o - y) * slope(zs[-1])
            loss = np.sum((y - o) ** 2)
        ds = backward(ws, zs, end, slope)
        gw = [np.where(True if l.mask is None else l.mask, d.T @ a, np.zeros_like(l.weights))
              for l, d, a in zip(case.layers, ds, acts)]
        gb = [None if b is None else d.sum(0) for b, d in zip(bs, ds)]
        eta = x.dtype.type(case.learning_rate)
        ws = tuple(w - eta * g for w, g in zip(ws, gw))
        bs = tuple(None if b is None else b - eta * g for b, g in zip(bs, gb))
        everything.append(dict(net_inputs=zs, activations=acts[1:], deltas=ds, loss=x.dtype.type(loss),
                               weight_gradients=gw, bias_gradients=gb, weights=list(ws), biases=list(bs)))
    return everything
