// synaptic: with logistic outputs and the cost MSE, its defaults, the step is not along the gradient of that cost.
import { createRequire } from "node:module";

const { Layer, Network, Trainer } = createRequire(new URL("../npm/", import.meta.url))("synaptic");
const [input, output] = [new Layer(1), new Layer(3)];
input.project(output);
output.list.forEach((neuron) => { neuron.bias = 1; });
Object.values(output.list).forEach((neuron) => Object.values(neuron.connections.inputs).forEach((c) => { c.weight = 0.5; }));
const net = new Network({ input, hidden: [], output });
const y = [0, 0.25, 0.5];
const o = net.activate([1])[0];
const cost = Trainer.cost.MSE(y, [o, o, o]);
const rate = 2 ** -10;
net.propagate(rate, y);
net.restore();
const used = (1 - output.list[0].bias) / rate;
const right = (2 / 3) * (o - y[0]) * o * (1 - o);
const sum = y.reduce((total, label) => total + (label - o) ** 2, 0);
console.log(`gradient used for the first bias: ${used}; o - y = ${o}`);
console.log(`right for the cost MSE: 2/3 (o - y) o (1 - o) = ${right}`);
console.log(`the cost MSE is ${cost}, a third of the sum ${sum}; half of it is what o - y belongs to`);
process.exit(Math.abs(used - o) < 1e-9 && Math.abs(cost - sum / 3) < 1e-12 ? 0 : 1);
