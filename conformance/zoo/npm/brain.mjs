// brain.js behind the wire: its NeuralNetwork, one trainPattern an update.
// It stores float32 and computes in float64. Its deltas are those of -E: the sign is turned. One activation for all
// layers; the loss that it reports is its mse. Momentum must be above 0 there: the smallest number leaves nothing of it.
import brain from "brain.js";
import { serve, version } from "./wire.mjs";

const ACTIVATIONS = { sigmoid: "sigmoid", tanh: "tanh", relu: "relu", leaky_relu: "leaky-relu" };

const HELLO = {
  name: "brain.js",
  version: version("brain.js"),
  dtypes: ["float32"],
  activations: Object.keys(ACTIVATIONS),
  losses: ["squared"],
  skips: ["masked", "no-biases", "several-samples", "mixed-activations", "other-output-activation"],
  conventions: { loss_factor: 0.5, kink: "left" },
};

function network(testCase) {
  const { name, parameters } = testCase.layers[0].activation;
  const net = new brain.NeuralNetwork({
    activation: ACTIVATIONS[name],
    leakyReluAlpha: parameters.slope,
    learningRate: testCase.learning_rate,
    momentum: Number.MIN_VALUE,
  });
  net.sizes = testCase.widths;
  net.initialize();
  testCase.layers.forEach((layer, l) => {
    net.weights[l + 1].forEach((row, i) => row.set(layer.weights[i]));
    net.biases[l + 1].set(layer.biases);
  });
  return net;
}

function run(testCase) {
  const net = network(testCase);
  return testCase.batches.map(([sample]) => {
    const loss = net.trainPattern({ input: testCase.x[sample], output: testCase.y[sample] }, true);
    return {
      activations: net.outputs.slice(1).map((a) => [a.slice()]),
      loss,
      deltas: net.deltas.slice(1).map((delta) => [delta.map((value) => -value)]),
      weights: net.weights.slice(1).map((rows) => rows.map((row) => row.slice())),
      biases: net.biases.slice(1).map((b) => b.slice()),
    };
  });
}

await serve(HELLO, run);
