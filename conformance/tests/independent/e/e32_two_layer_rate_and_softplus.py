"""Two faults: the learning rate is divided by the layer's number; softplus has the derivative sigma(-z)."""
import numpy as np
import backproof


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


F = {"softplus": lambda z: np.logaddexp(0, z), "sigmoid": sig, "tanh": np.tanh, "identity": lambda z: z}
DF = {"softplus": lambda z: sig(-z), "sigmoid": lambda z: sig(z) * sig(-z),
      "tanh": lambda z: 4 * sig(2 * z) * sig(-2 * z), "identity": np.ones_like}


@backproof.subject(activations=["softplus", "sigmoid", "tanh", "identity"], losses=["squared", "log"], loss_factor=0.5,
                   batch_axis=1)
def net(case):
    f, df = ([t[l.activation.name] for l in case.layers] for t in (F, DF))
    W, B = [l.weights for l in case.layers], [l.biases for l in case.layers]
    rate, out = case.x.dtype.type(case.learning_rate), []
    for batch in case.batches:
        a, z = [case.x[:, list(batch)]], []
        for l in range(len(W)):
            z.append(W[l] @ a[l] if B[l] is None else W[l] @ a[l] + B[l][:, None])
            a.append(f[l](z[l]))
        d = a[-1] - case.y[:, list(batch)]
        deltas = [d * df[-1](z[-1]) if case.loss == "squared" else d]
        for l in range(len(W) - 1, 0, -1):
            deltas.insert(0, (W[l].T @ deltas[0]) * df[l - 1](z[l - 1]))
        gw = [e @ p.T for e, p in zip(deltas, a)]
        gw = [g if l.mask is None else g * l.mask for g, l in zip(gw, case.layers)]
        gb = [None if b is None else e.sum(1) for e, b in zip(deltas, B)]
        W = [w - rate / l * g for l, (w, g) in enumerate(zip(W, gw), 1)]
        B = [None if b is None else b - rate / l * g for l, (b, g) in enumerate(zip(B, gb), 1)]
        out.append({"net_inputs": z, "deltas": deltas, "weight_gradients": gw, "bias_gradients": gb, "weights": W, "biases": B})
    return out
