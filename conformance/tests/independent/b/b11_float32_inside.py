"""Style: dataclasses with a preallocated workspace and out= arguments; fault: in float64 cases the deltas pass through float32."""

from dataclasses import dataclass

import numpy as np

import backproof


def squash(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


@dataclass
class Unit:
    w: np.ndarray
    b: np.ndarray | None
    mask: np.ndarray | None
    name: str
    alpha: float

    def value(self, z):
        if self.name == "sigmoid":
            return squash(z)
        if self.name == "tanh":
            return np.tanh(z)
        if self.name == "elu":
            return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0)))
        if self.name == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return z.copy()

    def pull(self, g, z, a):
        """(da/dz)^T g"""
        if self.name == "sigmoid":
            return g * squash(z) * squash(-z)
        if self.name == "tanh":
            return g * (4 * squash(2 * z) * squash(-2 * z))
        if self.name == "elu":
            return g * np.where(z > 0, np.ones_like(z), self.alpha * np.exp(np.minimum(z, 0)))
        if self.name == "softmax":
            return a * (g - (g * a).sum(axis=1, keepdims=True))
        return g


@dataclass
class Workspace:
    z: list
    a: list
    delta: list
    gw: list
    gb: list

    @classmethod
    def of(cls, units, n, dtype):
        wide = [u.w.shape[0] for u in units]
        return cls(
            z=[np.empty((n, k), dtype) for k in wide],
            a=[None] * len(units),
            delta=[np.empty((n, k), dtype) for k in wide],
            gw=[np.empty_like(u.w) for u in units],
            gb=[None if u.b is None else np.empty_like(u.b) for u in units],
        )


def narrow(d):
    return d.astype(np.float32)


def update(units, x, y, loss_name, rate):
    ws = Workspace.of(units, len(x), x.dtype)
    below = x
    for l, u in enumerate(units):
        np.matmul(below, u.w.T, out=ws.z[l])
        if u.b is not None:
            np.add(ws.z[l], u.b, out=ws.z[l])
        below = ws.a[l] = u.value(ws.z[l])

    z, o = ws.z[-1], ws.a[-1]
    if loss_name == "squared":
        loss = np.square(y - o).sum()
        top = units[-1].pull(2 * (o - y), z, o)
    elif loss_name == "log":
        loss = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum()
        top = (1 - y) * o - y * squash(-z)
    else:
        s = z - z.max(axis=1, keepdims=True)
        loss = (y * (np.log(np.exp(s).sum(axis=1, keepdims=True)) - s)).sum()
        top = o * y.sum(axis=1, keepdims=True) - y

    ws.delta[-1][...] = narrow(top)
    for l in range(len(units) - 1, 0, -1):
        g = ws.delta[l] @ units[l].w
        ws.delta[l - 1][...] = narrow(units[l - 1].pull(g, ws.z[l - 1], ws.a[l - 1]))

    for l, u in enumerate(units):
        np.matmul(ws.delta[l].T, x if l == 0 else ws.a[l - 1], out=ws.gw[l])
        if u.mask is not None:
            ws.gw[l][np.logical_not(u.mask)] = 0
        u.w = u.w - rate * ws.gw[l]
        if u.b is not None:
            np.sum(ws.delta[l], axis=0, out=ws.gb[l])
            u.b = u.b - rate * ws.gb[l]
    return dict(
        net_inputs=ws.z,
        activations=ws.a,
        loss=loss,
        deltas=ws.delta,
        weight_gradients=ws.gw,
        bias_gradients=ws.gb,
        weights=[u.w for u in units],
        biases=[u.b for u in units],
    )


@backproof.subject(
    activations=["identity", "sigmoid", "tanh", "elu", "softmax"],
    losses=["squared", "log", "cross_entropy"],
    skips=["exact-zero"],
)
def net(case):
    units = []
    for layer in case.layers:
        extra = dict(layer.activation.parameters or ())
        units.append(
            Unit(layer.weights, layer.biases, layer.mask, layer.activation.name, float(extra.get("alpha", 1.0)))
        )
    rate = float(case.learning_rate)
    return [update(units, case.x[list(b)], case.y[list(b)], case.loss, rate) for b in case.batches]
