// synaptic: with logistic outputs the output delta is o - y, the derivative is missing, also with the cost MSE.
import { createRequire } from "node:module";

const { Layer, Network } = createRequire(new URL("../npm/", import.meta.url))("synaptic");
const [input, output, rate] = [new Layer(1), new Layer(1), 2 ** -10];
input.project(output);
output.list[0].bias = 1;
const net = new Network({ input, hidden: [], output });
const o = net.activate([0])[0]; // x = 0: z is the bias
net.propagate(rate, [0]);
net.restore();
const used = (1 - output.list[0].bias) / rate;
console.log(`delta for label 0: ${used} = o; right for half of (o - y)^2: o o (1 - o) = ${o * o * (1 - o)}`);
process.exit(Math.abs(used - o) < 1e-9 ? 0 : 1);
