"""Fault: the step is computed as learning rate times gradient, and then learning rate times that step is subtracted:
the parameters move by alpha squared times the gradient."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-abs(z))
    return np.choose(z >= 0, [e / (1 + e), 1 / (1 + e)])


def outputs(name, z, slope=None, alpha=None):
    return {"identity": lambda: z,
            "sigmoid": lambda: logistic(z),
            "tanh": lambda: np.tanh(z),
            "relu": lambda: np.maximum(z, 0),
            "leaky_relu": lambda: np.where(z > 0, z, slope * z),
            "elu": lambda: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
            "softplus": lambda: np.logaddexp(0, z),
            "softmax": lambda: np.exp(z - z.max(axis=1, keepdims=True))
                / np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)}[name]()


def pull(name, z, a, g, slope=None, alpha=None):
    return {"identity": lambda: g,
            "sigmoid": lambda: g * logistic(z) * logistic(-z),
            "tanh": lambda: g * (1 - a * a),
            "relu": lambda: g * (z > 0),
            "leaky_relu": lambda: g * np.where(z > 0, np.ones_like(z), slope),
            "elu": lambda: g * np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0))),
            "softplus": lambda: g * logistic(z),
            "softmax": lambda: a * (g - (g * a).sum(axis=1, keepdims=True))}[name]()


def steps(case, w, b, rate):
    """A generator: takes a batch, gives back the steps for weights and biases, and the loss."""
    layers = case.layers
    how = [(l.activation.name, dict(l.activation.parameters)) for l in layers]
    answer = None
    while True:
        batch = yield answer
        a, kept = case.x[batch], []
        y = case.y[batch]
        for i, (name, par) in enumerate(how):
            z = a @ w[i].T
            if b[i] is not None:
                z += b[i]
            kept.append((a, z, outputs(name, z, **par)))
            a = kept[-1][2]
        if case.loss == "squared":
            loss = ((a - y) ** 2).sum()
            delta = pull(how[-1][0], z, a, 2 * (a - y), **how[-1][1])
        elif case.loss == "log":
            loss, delta = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).sum(), a - y
        else:
            t = z - z.max(axis=1, keepdims=True)
            loss, delta = (y * (np.log(np.exp(t).sum(axis=1, keepdims=True)) - t)).sum(), a - y
        w_steps, b_steps = [None] * len(w), [None] * len(w)
        for i in range(len(w) - 1, -1, -1):
            gradient = delta.T @ kept[i][0]
            if layers[i].mask is not None:
                gradient[~np.asarray(layers[i].mask, bool)] = 0
            w_steps[i] = rate * gradient
            if b[i] is not None:
                b_steps[i] = rate * delta.sum(axis=0)
            if i:
                _, z, a = kept[i - 1]
                delta = pull(how[i - 1][0], z, a, delta @ w[i], **how[i - 1][1])
        answer = w_steps, b_steps, loss


@backproof.subject(activations=["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "softmax"],
                   losses=["squared", "log", "cross_entropy"])
def net(case):
    rate = case.x.dtype.type(case.learning_rate)
    w = [l.weights.copy() for l in case.layers]
    b = [None if l.biases is None else l.biases.copy() for l in case.layers]
    machine = steps(case, w, b, rate)
    next(machine)
    seen = []
    for batch in case.batches:
        w_steps, b_steps, loss = machine.send(list(batch))
        for i in range(len(w)):
            w[i] -= rate * w_steps[i]
            if b[i] is not None:
                b[i] -= rate * b_steps[i]
        seen.append({"loss": loss, "weights": [m.copy() for m in w],
                     "biases": [None if v is None else v.copy() for v in b]})
    return seen
