"""Fault: a batch is a strided view into the joint table [x | y], but it is read by its pointer as if it were packed.

The kernels look at address and shape only; so columns of y slip in as inputs as soon as a batch has two samples."""
import ctypes
import numpy as np
import backproof


def packed(array):
    """What a C kernel sees that gets a pointer, rows and columns."""
    kind = ctypes.c_double if array.dtype == np.float64 else ctypes.c_float
    pointer = ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))
    return np.ctypeslib.as_array(pointer, shape=array.shape)


def gemm(a, b):
    return packed(a) @ packed(b)


def gemm_t(a, b):
    return packed(a).T @ packed(b)


def gemm_nt(a, b):
    return packed(a) @ packed(b).T


def sig(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def soft(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


F = {"identity": lambda z: z.copy(), "sigmoid": sig, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "softmax": soft,
     "softplus": lambda z: np.logaddexp(0, z)}
D = {"identity": np.ones_like, "sigmoid": lambda z: sig(z) * sig(-z), "tanh": lambda z: 1 - np.tanh(z) ** 2,
     "relu": lambda z: (z > 0).astype(z.dtype), "softplus": sig}


@backproof.subject(activations=list(F), losses=["squared", "log", "cross_entropy"], skips=["general-output-delta"])
def net(case):
    width = case.x.shape[1]
    table = np.ascontiguousarray(np.concatenate([case.x, case.y], axis=1))
    weights = [np.array(layer.weights, order="C") for layer in case.layers]
    biases = [None if layer.biases is None else np.array(layer.biases) for layer in case.layers]
    eta = table.dtype.type(case.learning_rate)
    out = []
    for batch in case.batches:
        rows = np.ascontiguousarray(table[list(batch)])
        x, y = rows[:, :width], rows[:, width:]
        zs, a = [], [x]
        for w, b, layer in zip(weights, biases, case.layers):
            z = gemm_nt(a[-1], w)
            if b is not None:
                z += b
            zs.append(z)
            a.append(np.ascontiguousarray(F[layer.activation.name](z)))
        delta = np.ascontiguousarray(a[-1] - y)
        if case.loss == "squared":
            delta *= 2
        gw, gb, deltas = [], [], []
        for l in reversed(range(len(weights))):
            g = gemm_t(delta, a[l])
            if case.layers[l].mask is not None:
                g = g * case.layers[l].mask
            gw.insert(0, g)
            gb.insert(0, None if biases[l] is None else delta.sum(0))
            deltas.insert(0, delta)
            if l:
                delta = gemm(delta, weights[l]) * D[case.layers[l - 1].activation.name](zs[l - 1])
        for l in range(len(weights)):
            weights[l] = np.ascontiguousarray(weights[l] - eta * gw[l])
            if biases[l] is not None:
                biases[l] = biases[l] - eta * gb[l]
        out.append({"net_inputs": zs, "activations": a[1:], "deltas": deltas, "weight_gradients": gw,
                    "bias_gradients": gb, "weights": list(weights), "biases": list(biases)})
    return out
