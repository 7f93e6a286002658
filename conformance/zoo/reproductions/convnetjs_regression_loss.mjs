// convnetjs: the regression layer reports a loss that moves four times as fast as its gradient says.
import { createRequire } from "node:module";

const convnetjs = createRequire(new URL("../npm/", import.meta.url))("convnetjs");
const net = new convnetjs.Net();
net.makeLayers([{ type: "input", out_sx: 1, out_sy: 1, out_depth: 1 }, { type: "regression", num_neurons: 1 }]);
const x = new convnetjs.Vol([0.5]);
const loss = (bias) => {
  net.layers[1].biases.w[0] = bias;
  net.forward(x);
  return net.backward([0.25]);
};
const h = 2 ** -10;
const difference = (loss(1 + h) - loss(1 - h)) / (2 * h);
net.layers[1].biases.dw[0] = 0;
loss(1);
const gradient = net.layers[1].biases.dw[0];
console.log(`dE/db by differences of the reported loss: ${difference}`);
console.log(`dE/db as it is used: ${gradient}, right: the same`);
process.exit(Math.abs(difference / gradient - 4) < 1e-6 ? 0 : 1);
