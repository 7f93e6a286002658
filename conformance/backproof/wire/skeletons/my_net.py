"""An adapter for backproof, protocol backproof/1. Your own code goes where it says YOURS.
Judge it with:  backproof check --command "python3 my_net.py"
"""

import ctypes
import json
import math
import re
import sys

HELLO = {
    "protocol": "backproof/1",
    "name": "my_net",
    "version": "1",
    "language": "Python",
    "activations": ["identity", "sigmoid", "tanh"],  # what your code can do, and no more
    "losses": ["squared", "log"],
    "skips": [],  # backproof list flags
    "conventions": {},  # where it differs from the article by choice: backproof list conventions
}


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def dot(u, v):
    return sum(p * q for p, q in zip(u, v))


def single(number):
    return ctypes.c_float(number).value


FUNCTION = {"identity": lambda z: z, "sigmoid": sigmoid, "tanh": math.tanh}
SLOPE = {"identity": lambda a: 1, "sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a}  # f' from a = f(z)


def run(case):  # YOURS: train as the case says, and show what you have of it
    r = single if case["dtype"] == "float32" else float  # every number has the case's dtype
    layers, rate, records, every = case["layers"], case["learning_rate"], [], range(len(case["layers"]))
    names = [layer["activation"]["name"] for layer in layers]
    w, b = [layer["weights"] for layer in layers], [layer["biases"] for layer in layers]  # biases may be None
    for batch in case["batches"]:  # one update for each
        x, y, z, a = [case["x"][s] for s in batch], [case["y"][s] for s in batch], [], []
        for l in every:
            below = a[-1] if l else x
            z.append([[r(dot(row, s) + (b[l][i] if b[l] else 0)) for i, row in enumerate(w[l])] for s in below])
            a.append([[r(FUNCTION[names[l]](v)) for v in row] for row in z[l]])
        slope = [[[SLOPE[name](v) for v in row] for row in out] for name, out in zip(names, a)]
        if case["loss"] == "squared":
            loss = sum((o - t) ** 2 for rows in zip(a[-1], y) for o, t in zip(*rows))
            delta = [[r(2 * (o - t) * s) for o, t, s in zip(*rows)] for rows in zip(a[-1], y, slope[-1])]
        else:  # log loss of sigmoid outputs, from z, so that nothing overflows
            pairs = [pair for rows in zip(z[-1], y) for pair in zip(*rows)]
            loss = sum(max(v, 0) - t * v + math.log1p(math.exp(-abs(v))) for v, t in pairs)
            delta = [[r(o - t) for o, t in zip(*rows)] for rows in zip(a[-1], y)]
        deltas = [delta]
        for l in reversed(every[1:]):  # delta of layer l: f'(z) * (W^T delta of the next layer)
            back = [[dot(d, column) for column in zip(*w[l])] for d in deltas[0]]
            deltas.insert(0, [[r(s * v) for s, v in zip(*rows)] for rows in zip(slope[l - 1], back)])
        by_w = [[[r(dot(d, i)) for i in zip(*(a[l - 1] if l else x))] for d in zip(*deltas[l])] for l in every]
        by_b = [b[l] and [r(sum(d)) for d in zip(*deltas[l])] for l in every]
        for l in every:
            if layers[l]["mask"]:  # edges that do not exist
                by_w[l] = [[g if there else 0.0 for g, there in zip(*rows)] for rows in zip(by_w[l], layers[l]["mask"])]
            w[l] = [[r(v - rate * g) for v, g in zip(*rows)] for rows in zip(w[l], by_w[l])]
            b[l] = b[l] and [r(v - rate * g) for v, g in zip(b[l], by_b[l])]
        shown = {"net_inputs": z, "activations": a, "loss": r(loss), "deltas": deltas, "weight_gradients": by_w}
        records.append({**shown, "bias_gradients": by_b, "weights": list(w), "biases": list(b)})
    return records


if __name__ == "__main__":
    for line in sys.stdin:
        if (request := json.loads(line))["type"] == "bye":
            break
        answer = HELLO if request["type"] == "hello" else {"id": request["id"], "result": run(request["case"])}
        print(re.sub("-?Infinity|NaN", r'"\g<0>"', json.dumps(answer)), flush=True)  # JSON has no NaN: show strings
