"""Fault: softmax is treated as if it were element-wise, with o(1 - o) as its derivative; the Jacobian's off-diagonal entries -o_i o_j are missing, so classes do not compete."""
import numpy as np
import backproof

ACT = {
    "identity": {"f": lambda z: 1 * z, "df": lambda z, a: np.ones_like(z)},
    "sigmoid": {"f": lambda z: np.exp(-np.logaddexp(0, -z)), "df": lambda z, a: a * np.exp(-np.logaddexp(0, z))},
    "tanh": {"f": np.tanh, "df": lambda z, a: 1 - a ** 2},
    "relu": {"f": lambda z: np.fmax(z, 0), "df": lambda z, a: np.heaviside(z, 0)},
    "softplus": {"f": lambda z: np.logaddexp(0, z), "df": lambda z, a: np.exp(-np.logaddexp(0, -z))},
    "softmax": {"f": lambda z: np.exp(z - lse(z)), "df": lambda z, a: a * (1 - a)},
}


def lse(z):
    m = z.max(axis=1, keepdims=True)
    return m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))


LOSS = {
    "squared": {"J": lambda y, z, o: 0.5 * (y - o) ** 2,
                "delta": lambda y, z, o, df: (o - y) * df(z, o)},
    "log": {"J": lambda y, z, o: y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z),
            "delta": lambda y, z, o, df: o - y},
    # dJ/do = -y/o, times the derivative o(1 - o): the o's cancel
    "cross_entropy": {"J": lambda y, z, o: y * (lse(z) - z),
                      "delta": lambda y, z, o, df: -y * (1 - o)},
}


@backproof.subject(activations=list(ACT), losses=list(LOSS), loss_factor=0.5)
def net(case):
    net_ = {l: {"W": spec.weights.copy(), "b": None if spec.biases is None else spec.biases.copy(),
                "act": ACT[spec.activation.name], "mask": 1 if spec.mask is None else spec.mask}
            for l, spec in enumerate(case.layers, start=1)}
    top = max(net_)
    rate = case.x.dtype.type(case.learning_rate)
    rule = LOSS[case.loss]
    log = []
    for batch in case.batches:
        x, y = case.x[list(batch)], case.y[list(batch)]
        z, a, d, gw, gb = {}, {0: x}, {}, {}, {}
        for l, p in net_.items():
            z[l] = a[l - 1] @ p["W"].T
            if p["b"] is not None:
                z[l] = z[l] + p["b"]
            a[l] = p["act"]["f"](z[l])
        d[top] = rule["delta"](y, z[top], a[top], net_[top]["act"]["df"])
        for l in range(top - 1, 0, -1):
            d[l] = net_[l]["act"]["df"](z[l], a[l]) * (d[l + 1] @ net_[l + 1]["W"])
        for l, p in net_.items():
            gw[l] = (d[l].T @ a[l - 1]) * p["mask"]
            gb[l] = None if p["b"] is None else d[l].sum(axis=0)
        for l, p in net_.items():
            p["W"] = p["W"] - rate * gw[l]
            p["b"] = None if p["b"] is None else p["b"] - rate * gb[l]
        order = lambda table: [table[l] for l in range(1, top + 1)]
        log.append({"net_inputs": order(z), "activations": order(a), "deltas": order(d),
                    "loss": rule["J"](y, z[top], a[top]).sum(),
                    "weight_gradients": order(gw), "bias_gradients": order(gb),
                    "weights": [net_[l]["W"] for l in net_], "biases": [net_[l]["b"] for l in net_]})
    return log
