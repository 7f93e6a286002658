"""Fault: the derivative of tanh is computed as 1 - a, the square is forgotten."""
import numpy as np
import backproof


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e)).astype(z.dtype)


def softmax(z):
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


F = {"tanh": np.tanh, "sigmoid": logistic, "softmax": softmax, "identity": lambda z: z}
DF = {"tanh": lambda a: 1 - a, "sigmoid": lambda a: a * (1 - a), "identity": np.ones_like}


# samples are columns
@backproof.subject(activations=["tanh", "sigmoid", "identity", "softmax"], losses=["squared", "log", "cross_entropy"],
                   batch_axis=1)
def net(case):
    alpha = case.x.dtype.type(case.learning_rate)
    Ws = [la.weights for la in case.layers]
    bs = [la.biases for la in case.layers]
    acts = [la.activation.name for la in case.layers]
    records = []
    for batch in case.batches:
        cols = list(batch)
        a = [case.x[:, cols]]
        for W, b, f in zip(Ws, bs, acts):
            z = W @ a[-1]
            a.append(F[f](z if b is None else z + b[:, None]))
        err = a[-1] - case.y[:, cols]
        if case.loss == "squared":
            if acts[-1] == "softmax":
                g = 2 * err
                d = a[-1] * (g - (a[-1] * g).sum(axis=0, keepdims=True))
            else:
                d = 2 * err * DF[acts[-1]](a[-1])
        else:
            d = err
        dW, db = [], []
        for l in reversed(range(len(Ws))):
            dW.insert(0, d @ a[l].T)
            db.insert(0, None if bs[l] is None else d.sum(axis=1))
            if l:
                d = DF[acts[l - 1]](a[l]) * (Ws[l].T @ d)
        for g, la in zip(dW, case.layers):
            if la.mask is not None:
                g[~la.mask] = 0
        Ws = [W - alpha * g for W, g in zip(Ws, dW)]
        bs = [None if b is None else b - alpha * g for b, g in zip(bs, db)]
        records.append(dict(weight_gradients=dW, bias_gradients=db, weights=Ws, biases=bs))
    return records
