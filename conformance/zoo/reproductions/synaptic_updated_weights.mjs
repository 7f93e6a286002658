// synaptic: the delta of the hidden neuron is taken through the weight that has just been updated.
import { createRequire } from "node:module";

const { Layer, Network, Neuron } = createRequire(new URL("../npm/", import.meta.url))("synaptic");
const [input, hidden, output] = [new Layer(1), new Layer(1), new Layer(1)];
const [[first], [second]] = [input.project(hidden), hidden.project(output)].map((all) => Object.values(all.connections));
for (const layer of [hidden, output]) Object.assign(layer.list[0], { squash: Neuron.squash.IDENTITY, bias: 0 });
[first.weight, second.weight] = [0.5, 2];
const net = new Network({ input, hidden: [hidden], output });
net.activate([1]); // o = 2 * 0.5 * 1 = 1
net.propagate(0.5, [0]); // half of (o - y)^2: delta = o - y = 1, and the hidden delta is 2 * 1
net.restore();
console.log(`second weight 2 -> ${second.weight}, right: 2 - 0.5 * 1 * 0.5 = 1.75`);
console.log(`first weight 0.5 -> ${first.weight}, right: 0.5 - 0.5 * (2 * 1) * 1 = -0.5`);
process.exit(second.weight === 1.75 && first.weight === 0.5 - 0.5 * 1.75 ? 0 : 1);
