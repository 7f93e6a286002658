"""Fault: weight gradients pass through float32."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


class Model:
    def __init__(self, layers):
        self.sizes = [(l.weights.shape, l.biases is not None) for l in layers]
        self.theta = np.concatenate([p.ravel() for l in layers for p in (l.weights, l.biases) if p is not None])
        self.masks, self.names = [l.mask for l in layers], [l.activation.name for l in layers]

    def views(self, vector):
        at, out = 0, []
        for shape, biased in self.sizes:
            w = vector[at:at + shape[0] * shape[1]].reshape(shape)
            at += w.size
            out.append((w, vector[at:at + shape[0]] if biased else None))
            at += shape[0] if biased else 0
        return out

    def gradient(self, x, y, loss):
        g, params, a, slopes = np.zeros_like(self.theta), self.views(self.theta), [x], []
        for (w, b), name in zip(params, self.names):
            z = a[-1] @ w.T + (0 if b is None else b)
            if name == "relu":
                pair = np.maximum(z, 0), (z > 0).astype(z.dtype)
            elif name == "identity":
                pair = z, np.ones_like(z)
            elif name == "sigmoid":
                pair = sig(z), sig(z) * sig(-z)
            else:
                pair = np.tanh(z), 4 * sig(2 * z) * sig(-2 * z)
            a.append(pair[0]), slopes.append(pair[1])
        d = a[-1] - y if loss == "log" else 2 * (a[-1] - y) * slopes[-1]
        for l, (gw, gb) in reversed(list(enumerate(self.views(g)))):
            gw[...] = (d.T @ a[l]).astype(np.float32)
            if self.masks[l] is not None:
                gw *= self.masks[l]
            if gb is not None:
                gb[...] = d.sum(0)
            if l:
                d = (d @ params[l][0]) * slopes[l - 1]
        return g


@backproof.subject(activations=["relu", "identity", "sigmoid", "tanh"], losses=["squared", "log"])
def net(case):
    model, out = Model(case.layers), []
    for batch in case.batches:
        g = model.gradient(case.x[list(batch)], case.y[list(batch)], case.loss)
        model.theta = model.theta - g.dtype.type(case.learning_rate) * g
        (W, B), (gw, gb) = zip(*model.views(model.theta)), zip(*model.views(g))
        out.append({"weight_gradients": list(gw), "bias_gradients": list(gb), "weights": list(W), "biases": list(B)})
    return out
