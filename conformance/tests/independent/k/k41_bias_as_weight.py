"""Fault (my own): biases are column 0 of an augmented matrix [b | W], but on the way back the LAST column is cut off instead of the first one, so hidden neuron i gets the sum over w_(i-1) (neuron 1 the biases)."""
import numpy as np
import backproof


def expit(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def f(act, z):
    p = dict(act.parameters)
    if act.name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return {"identity": lambda: z.copy(), "sigmoid": lambda: expit(z), "tanh": lambda: np.tanh(z),
            "relu": lambda: np.maximum(z, 0), "softplus": lambda: np.logaddexp(0, z),
            "leaky_relu": lambda: np.where(z > 0, z, p["slope"] * z),
            "elu": lambda: np.where(z > 0, z, p["alpha"] * np.expm1(np.minimum(z, 0)))}[act.name]()


def fprime(act, z):
    p, one = dict(act.parameters), np.ones_like(z)
    return {"identity": lambda: one, "sigmoid": lambda: expit(z) * expit(-z), "tanh": lambda: one - np.tanh(z) ** 2,
            "relu": lambda: one * (z > 0), "softplus": lambda: expit(z),
            "leaky_relu": lambda: np.where(z > 0, one, p["slope"]),
            "elu": lambda: np.where(z > 0, one, p["alpha"] * np.exp(np.minimum(z, 0)))}[act.name]()


def with_one(a):
    """a_0 = 1 in front of the others."""
    return np.hstack([np.ones((len(a), 1), a.dtype), a])


def augmented(spec):
    b = np.zeros(len(spec.weights), spec.weights.dtype) if spec.biases is None else spec.biases
    return np.column_stack([b, spec.weights])


def free(spec):
    """Which entries of [b | W] may change."""
    m = np.ones(spec.weights.shape, bool) if spec.mask is None else spec.mask
    return np.column_stack([np.full(len(m), spec.biases is not None), m])


@backproof.subject(losses=["squared", "log", "cross_entropy"], activations=[
    "identity", "sigmoid", "tanh", "relu", "softplus", "leaky_relu", "elu", "softmax"])
def net(case):
    acts = [spec.activation for spec in case.layers]
    V = [augmented(spec) for spec in case.layers]
    may = [free(spec) for spec in case.layers]
    alpha = case.x.dtype.type(case.learning_rate)
    weights = lambda vs: [v[:, 1:].copy() for v in vs]
    biases = lambda vs: [None if s.biases is None else v[:, 0].copy() for v, s in zip(vs, case.layers)]
    out = []
    for batch in case.batches:
        y = case.y[list(batch)]
        inputs, zs, a = [], [], case.x[list(batch)]
        acts_out = []
        for v, act in zip(V, acts):
            inputs.append(with_one(a))
            zs.append(inputs[-1] @ v.T)
            a = f(act, zs[-1])
            acts_out.append(a)
        z = zs[-1]
        if case.loss == "squared":
            loss, g = ((y - a) ** 2).sum(), 2 * (a - y)
            if acts[-1].name == "softmax":
                delta = a * (g - (g * a).sum(axis=1, keepdims=True))
            else:
                delta = g * fprime(acts[-1], z)
        elif case.loss == "log":
            loss, delta = (np.logaddexp(0, z) - y * z).sum(), a - y
        else:
            c = z - z.max(axis=1, keepdims=True)
            loss, delta = (y * (np.log(np.exp(c).sum(axis=1, keepdims=True)) - c)).sum(), a - y
        deltas = [delta]
        for l in range(len(V) - 2, -1, -1):
            back = deltas[0] @ V[l + 1]
            deltas.insert(0, back[:, :-1] * fprime(acts[l], zs[l]))
        G = [np.where(m, d.T @ h, 0).astype(h.dtype) for m, d, h in zip(may, deltas, inputs)]
        V = [v - alpha * g for v, g in zip(V, G)]
        out.append({"net_inputs": zs, "activations": acts_out, "deltas": deltas, "loss": loss,
                    "weight_gradients": weights(G), "bias_gradients": biases(G),
                    "weights": weights(V), "biases": biases(V)})
    return out
