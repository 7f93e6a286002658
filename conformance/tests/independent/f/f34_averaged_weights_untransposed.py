"""Two faults: the weight gradient is divided by the number of samples though E is a sum (the bias gradient is not),
and the delta rule multiplies by W instead of its transpose (reshaped to fit where W is not square)."""
import numpy as np
import backproof


def sigma(z):
    return np.exp(-np.logaddexp(np.zeros_like(z), -z))


def soft(z):
    e = np.exp(z - np.max(z, axis=0))
    return e / np.sum(e, axis=0)


ACT = {"identity": (lambda z: z.copy(), lambda z: np.ones_like(z)),
       "sigmoid": (sigma, lambda z: sigma(z) * (1 - sigma(z))),
       "tanh": (np.tanh, lambda z: 1 - np.square(np.tanh(z))),
       "relu": (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0)),
       "softplus": (lambda z: np.logaddexp(np.zeros_like(z), z), sigma),
       "softmax": (soft, None)}


@backproof.subject(activations=list(ACT), losses=["squared", "log", "cross_entropy"], batch_axis=1)
def net(case):
    kind = case.x.dtype
    net_ = {l + 1: {"W": np.array(spec.weights, copy=True),
                    "b": None if spec.biases is None else np.array(spec.biases)[:, None],
                    "f": ACT[spec.activation.name][0], "df": ACT[spec.activation.name][1], "mask": spec.mask}
            for l, spec in enumerate(case.layers)}
    L = len(net_)
    answer = []
    for batch in case.batches:
        m = len(batch)
        A, Z, D = {0: case.x[:, list(batch)]}, {}, {}
        Y = case.y[:, list(batch)]
        for l in range(1, L + 1):
            Z[l] = net_[l]["W"] @ A[l - 1]
            if net_[l]["b"] is not None:
                Z[l] = Z[l] + net_[l]["b"]
            A[l] = net_[l]["f"](Z[l])
        if case.loss in ("log", "cross_entropy"):
            D[L] = A[L] - Y
        elif net_[L]["df"] is None:
            G = 2 * (A[L] - Y)
            D[L] = A[L] * (G - np.sum(A[L] * G, axis=0))
        else:
            D[L] = (2 * (A[L] - Y) * net_[L]["df"](Z[L])).astype(kind)
        for l in range(L - 1, 0, -1):
            W = net_[l + 1]["W"]
            n_out, n_in = W.shape
            D[l] = (net_[l]["df"](Z[l]) * (W.reshape(n_in, n_out) @ D[l + 1])).astype(kind)
        dW, db = {}, {}
        for l in range(1, L + 1):
            dW[l] = (D[l] @ A[l - 1].T) / kind.type(m)
            if net_[l]["mask"] is not None:
                dW[l][~net_[l]["mask"]] = 0
            db[l] = None if net_[l]["b"] is None else D[l].sum(axis=1, keepdims=True)
        for l in range(1, L + 1):
            net_[l]["W"] = net_[l]["W"] - kind.type(case.learning_rate) * dW[l]
            if db[l] is not None:
                net_[l]["b"] = net_[l]["b"] - kind.type(case.learning_rate) * db[l]
        order = range(1, L + 1)
        answer.append({
            "net_inputs": [Z[l] for l in order], "activations": [A[l] for l in order],
            "deltas": [D[l] for l in order], "weight_gradients": [dW[l] for l in order],
            "bias_gradients": [None if db[l] is None else db[l][:, 0] for l in order],
            "weights": [net_[l]["W"] for l in order],
            "biases": [None if net_[l]["b"] is None else net_[l]["b"][:, 0] for l in order]})
    return answer
