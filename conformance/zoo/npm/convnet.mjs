// convnetjs behind the wire: its Net of fully connected layers and its Trainer with plain sgd.
// A batch is trained sample by sample and the gradient divided by its size; deltas are those of a sample (delta_of).
// The loss of a batch is the mean of the cost_loss that train() returns for each sample.
import convnetjs from "convnetjs";
import { serve, version } from "./wire.mjs";

const HELLO = {
  name: "convnetjs",
  version: version("convnetjs"),
  dtypes: ["float64"],
  activations: ["identity", "sigmoid", "tanh", "relu", "softmax"],
  losses: ["squared", "cross_entropy"],
  skips: ["masked", "no-biases", "soft-labels", "general-output-delta"],
  conventions: { loss_factor: 0.5, reduction: "mean", delta_of: "sample", kink: "left" },
};

function network(testCase) {
  const outputs = testCase.widths.at(-1);
  const hidden = testCase.layers.slice(0, -1).map((layer, l) => {
    const { name } = layer.activation;
    const fully = { type: "fc", num_neurons: testCase.widths[l + 1] };
    return name === "identity" ? fully : { ...fully, activation: name };
  });
  const last = testCase.loss === "squared"
    ? { type: "regression", num_neurons: outputs }
    : { type: "softmax", num_classes: outputs };
  const net = new convnetjs.Net();
  net.makeLayers([{ type: "input", out_sx: 1, out_sy: 1, out_depth: testCase.widths[0] }, ...hidden, last]);
  const fully = net.layers.filter((layer) => layer.layer_type === "fc");
  testCase.layers.forEach((layer, l) => {
    layer.weights.forEach((row, i) => fully[l].filters[i].w.set(row));
    fully[l].biases.w.set(layer.biases);
  });
  return { net, fully };
}

function run(testCase) {
  const { net, fully } = network(testCase);
  const after = fully.map((layer) => {
    const next = net.layers[net.layers.indexOf(layer) + 1];
    return next && next.layer_type !== "fc" ? next : layer; // where the activation of this layer stands
  });
  return testCase.batches.map((batch) => {
    const trainer = new convnetjs.Trainer(net, {
      method: "sgd", learning_rate: testCase.learning_rate, momentum: 0, batch_size: batch.length,
    });
    const shown = batch.map((sample) => {
      const y = testCase.y[sample];
      const label = testCase.loss === "squared" ? y : y.indexOf(1);
      const { cost_loss: loss } = trainer.train(new convnetjs.Vol(testCase.x[sample]), label);
      return {
        loss,
        z: fully.map((layer) => Array.from(layer.out_act.w)),
        a: after.map((layer) => Array.from(layer.out_act.w)),
        delta: fully.map((layer) => Array.from(layer.out_act.dw)),
      };
    });
    const rows = (name) => fully.map((_, l) => shown.map((sample) => sample[name][l]));
    return {
      net_inputs: rows("z"),
      activations: rows("a"),
      loss: shown.reduce((sum, sample) => sum + sample.loss, 0) / batch.length,
      deltas: rows("delta"),
      weights: fully.map((layer) => layer.filters.map((filter) => filter.w.slice())),
      biases: fully.map((layer) => layer.biases.w.slice()),
    };
  });
}

await serve(HELLO, run);
