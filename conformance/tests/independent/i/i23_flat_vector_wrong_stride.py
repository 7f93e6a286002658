"""All parameters lie in one flat vector. The delta rule should read column i of the matrix, but reads the block that
would be row i if the matrix had one row per neuron of the layer below: W is used where W^T belongs (exactly so when
the matrix is square; otherwise the numbers are read with the wrong stride)."""
import numpy as np

import backproof


def act(name, z):
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z)) if z >= 0 else np.exp(z) / (1 + np.exp(z))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return max(z, z * 0)
    return z


def slope(name, z):
    if name == "sigmoid":
        return act(name, z) * act(name, -z)
    if name == "tanh":
        return 1 - np.tanh(z) ** 2
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    return 1.0


def neurons(name, z):
    if name == "softmax":
        e = np.exp(z - max(z))
        return e / sum(e)
    return np.array([act(name, v) for v in z], dtype=z.dtype)


def sample_loss(loss, z, o, y):
    if loss == "squared":
        return np.dot(o - y, o - y)
    if loss == "log":
        return np.dot(y, np.logaddexp(0, -z)) + np.dot(1 - y, np.logaddexp(0, z))
    return np.dot(y, max(z) + np.log(sum(np.exp(z - max(z)))) - z)


@backproof.subject(activations=["sigmoid", "tanh", "relu", "identity", "softmax"],
                   losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    dt = case.x.dtype
    # layout: for every layer its weights, row by row, then (where there are any) its biases
    plan, pieces, position = [], [], 0
    for layer in case.layers:
        n_out, n_in = layer.weights.shape
        w_at, position = position, position + n_out * n_in
        pieces.append(layer.weights.ravel())
        b_at = None
        if layer.biases is not None:
            b_at, position = position, position + n_out
            pieces.append(layer.biases)
        plan.append((w_at, b_at, n_out, n_in, layer.activation.name))
    theta = np.concatenate(pieces)
    frozen = np.zeros(position, dtype=bool)
    for layer, (w_at, _, n_out, n_in, _) in zip(case.layers, plan):
        if layer.mask is not None:
            frozen[w_at:w_at + n_out * n_in] = ~np.asarray(layer.mask).ravel()

    def matrices(v):
        return [v[w:w + o * i].reshape(o, i).copy() for w, _, o, i, _ in plan]

    def vectors(v):
        return [None if b is None else v[b:b + o].copy() for _, b, o, _, _ in plan]

    result = []
    for batch in case.batches:
        gradient = np.zeros_like(theta)
        loss = dt.type(0)
        seen = [[[] for _ in plan] for _ in range(3)]
        for s in batch:
            acts, nets = [case.x[s]], []
            for w_at, b_at, n_out, n_in, name in plan:
                z = np.zeros(n_out, dtype=dt)
                for i in range(n_out):
                    z[i] = theta[w_at + i * n_in:w_at + (i + 1) * n_in] @ acts[-1]
                    if b_at is not None:
                        z[i] += theta[b_at + i]
                nets.append(z)
                acts.append(neurons(name, z))
            loss += dt.type(sample_loss(case.loss, nets[-1], acts[-1], case.y[s]))
            delta = (2 if case.loss == "squared" else 1) * (acts[-1] - case.y[s])
            for l in reversed(range(len(plan))):
                w_at, b_at, n_out, n_in, _ = plan[l]
                seen[0][l].append(nets[l]), seen[1][l].append(acts[l + 1]), seen[2][l].append(delta)
                for i in range(n_out):
                    gradient[w_at + i * n_in:w_at + (i + 1) * n_in] += delta[i] * acts[l]
                if b_at is not None:
                    gradient[b_at:b_at + n_out] += delta
                if l > 0:
                    below = np.zeros(n_in, dtype=dt)
                    for i in range(n_in):
                        flow = theta[w_at + i * n_out:w_at + (i + 1) * n_out] @ delta
                        below[i] = slope(plan[l - 1][4], nets[l - 1][i]) * flow
                    delta = below
        gradient[frozen] = 0
        theta = theta - dt.type(case.learning_rate) * gradient
        result.append({"net_inputs": [np.array(v) for v in seen[0]], "activations": [np.array(v) for v in seen[1]],
                       "deltas": [np.array(v) for v in seen[2]], "loss": loss,
                       "weight_gradients": matrices(gradient), "bias_gradients": vectors(gradient),
                       "weights": matrices(theta), "biases": vectors(theta)})
    return result
