// An adapter for backproof, protocol backproof/1. Your own code goes where it says YOURS.
// Judge it with:  backproof check --command "node my_net.mjs"
import { createInterface } from "node:readline";

const HELLO = {
  protocol: "backproof/1",
  name: "my_net",
  version: "1",
  language: "JavaScript",
  activations: ["identity", "sigmoid", "tanh"], // what your code can do, and no more
  losses: ["squared", "log"],
  skips: [], // backproof list flags
  conventions: {}, // where it differs from the article by choice: backproof list conventions
};

const FUNCTION = { identity: (z) => z, sigmoid: (z) => 1 / (1 + Math.exp(-z)), tanh: Math.tanh };
const SLOPE = { identity: (a) => 1, sigmoid: (a) => a * (1 - a), tanh: (a) => 1 - a * a }; // f' from a = f(z)
const dot = (u, v) => u.reduce((sum, p, i) => sum + p * v[i], 0);
const columns = (m) => m[0].map((_, j) => m.map((row) => row[j]));
const map2 = (f, m, n) => m.map((row, s) => row.map((value, i) => f(value, n[s][i], s, i)));
const total = (m) => m.flat().reduce((sum, value) => sum + value, 0);

function run(testCase) { // YOURS: train as the case says, and show what you have of it
  const { layers, learning_rate: rate } = testCase;
  const r = testCase.dtype === "float32" ? Math.fround : (v) => v; // every number has the case's dtype
  const names = layers.map((layer) => layer.activation.name);
  let w = layers.map((layer) => layer.weights);
  let b = layers.map((layer) => layer.biases); // null where a layer has none
  return testCase.batches.map((batch) => { // one update for each
    const [x, y] = [testCase.x, testCase.y].map((rows) => batch.map((s) => rows[s]));
    const z = [], a = [];
    layers.forEach((_, l) => {
      z.push((l ? a[l - 1] : x).map((below) => w[l].map((row, i) => r(dot(row, below) + (b[l] ? b[l][i] : 0)))));
      a.push(z[l].map((row) => row.map((v) => r(FUNCTION[names[l]](v)))));
    });
    const slope = a.map((out, l) => out.map((row) => row.map(SLOPE[names[l]])));
    const o = a.at(-1);
    let loss, deltas;
    if (testCase.loss === "squared") {
      loss = total(map2((v, t) => (v - t) ** 2, o, y));
      deltas = [map2((v, t, s, i) => r(2 * (v - t) * slope.at(-1)[s][i]), o, y)];
    } else { // log loss of sigmoid outputs, from z, so that nothing overflows
      loss = total(map2((v, t) => Math.max(v, 0) - t * v + Math.log1p(Math.exp(-Math.abs(v))), z.at(-1), y));
      deltas = [map2((v, t) => r(v - t), o, y)];
    }
    for (let l = layers.length - 1; l > 0; l--) { // delta of layer l: f'(z) * (W^T delta of the next layer)
      const back = deltas[0].map((delta) => columns(w[l]).map((column) => dot(delta, column)));
      deltas.unshift(map2((s, v) => r(s * v), slope[l - 1], back));
    }
    const byWeight = layers.map((layer, l) => columns(deltas[l]).map((delta, i) =>
      columns(l ? a[l - 1] : x).map((input, j) => (layer.mask && !layer.mask[i][j] ? 0 : r(dot(delta, input))))));
    const byBias = layers.map((_, l) => b[l] && columns(deltas[l]).map((delta) => r(total([delta]))));
    w = w.map((weights, l) => map2((v, g) => r(v - rate * g), weights, byWeight[l]));
    b = b.map((biases, l) => biases && map2((v, g) => r(v - rate * g), [biases], [byBias[l]])[0]);
    return {
      net_inputs: z, activations: a, loss: r(loss), deltas,
      weight_gradients: byWeight, bias_gradients: byBias, weights: w, biases: b,
    };
  });
}

// JSON has no NaN: JSON.stringify would write null, so such numbers are shown as strings.
const named = (_, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.type === "bye") process.exit();
  const answer = request.type === "hello" ? HELLO : { id: request.id, result: run(request.case) };
  process.stdout.write(JSON.stringify(answer, named) + "\n");
}
