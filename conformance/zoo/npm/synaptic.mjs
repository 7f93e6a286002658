// synaptic behind the wire: its Layer, Network and Trainer, one iteration of one sample an update.
// Its error responsibility is the delta of -E: the sign is turned. The loss is that of its cost functions MSE and
// CROSS_ENTROPY, as its Trainer reports it. By default a Network runs on code that it generates from its neurons;
// restore() brings the values back to them, but for the error, which is read from its memory.
import synaptic from "synaptic";
import { serve, version } from "./wire.mjs";

const { Layer, Network, Neuron, Trainer } = synaptic;
const SQUASH = {
  identity: Neuron.squash.IDENTITY,
  sigmoid: Neuron.squash.LOGISTIC,
  tanh: Neuron.squash.TANH,
  relu: Neuron.squash.RELU,
};
const COST = { squared: Trainer.cost.MSE, log: Trainer.cost.CROSS_ENTROPY };

const HELLO = {
  name: "synaptic",
  version: version("synaptic"),
  dtypes: ["float64"],
  activations: Object.keys(SQUASH),
  losses: Object.keys(COST),
  skips: ["masked", "no-biases", "several-samples"],
  conventions: { loss_factor: 0.5, kink: "left" },
};

function network(testCase) {
  const layers = testCase.widths.map((width) => new Layer(width));
  const joined = testCase.layers.map((given, l) => {
    const connections = layers[l].project(layers[l + 1], Layer.connectionType.ALL_TO_ALL).connections;
    const [from, to] = [layers[l].list, layers[l + 1].list];
    to.forEach((neuron, i) => Object.assign(neuron, { bias: given.biases[i], squash: SQUASH[given.activation.name] }));
    return to.map((neuron, i) => from.map((below, j) => {
      const connection = Object.values(connections).find((each) => each.from === below && each.to === neuron);
      connection.weight = given.weights[i][j];
      return connection;
    }));
  });
  const net = new Network({ input: layers[0], hidden: layers.slice(1, -1), output: layers.at(-1) });
  return { net, joined, layers: layers.slice(1) };
}

function responsibility({ memory, data }, neuron) {
  return memory[data.variables[`responsibility_error_${neuron.ID}`].id];
}

function run(testCase) {
  const { net, joined, layers } = network(testCase);
  const shown = (f) => layers.map((layer) => [layer.list.map(f)]);
  return testCase.batches.map(([sample]) => {
    const { error } = new Trainer(net).train(
      [{ input: testCase.x[sample], output: testCase.y[sample] }],
      { iterations: 1, rate: testCase.learning_rate, cost: COST[testCase.loss] },
    );
    net.restore();
    return {
      net_inputs: shown((neuron) => neuron.state),
      activations: shown((neuron) => neuron.activation),
      loss: error,
      deltas: shown((neuron) => -responsibility(net.optimized, neuron)),
      weights: joined.map((rows) => rows.map((row) => row.map((connection) => connection.weight))),
      biases: layers.map((layer) => layer.list.map((neuron) => neuron.bias)),
    };
  });
}

await serve(HELLO, run);
