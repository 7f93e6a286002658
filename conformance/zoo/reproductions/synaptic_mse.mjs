// synaptic: the cost MSE is the mean over the outputs; the deltas are o - y, those of half the sum.
import { createRequire } from "node:module";

const { Layer, Network, Neuron, Trainer } = createRequire(new URL("../npm/", import.meta.url))("synaptic");
const [input, output] = [new Layer(1), new Layer(3)];
input.project(output);
output.list.forEach((neuron) => Object.assign(neuron, { squash: Neuron.squash.IDENTITY, bias: 1 }));
const net = new Network({ input, hidden: [], output });
const cost = Trainer.cost.MSE([0, 0, 0], net.activate([0])); // o = 1 in each of three outputs
net.propagate(0.5, [0, 0, 0]);
net.restore();
const used = (1 - output.list[0].bias) / 0.5;
console.log(`cost of three errors of 1: ${cost}; right for the gradient used, ${used} for each: 3/2`);
process.exit(cost === 1 && used === 1 ? 0 : 1);
