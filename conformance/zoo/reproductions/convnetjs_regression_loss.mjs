// convnetjs: the regression layer reports a loss that moves four times as fast as its gradient says.
import { createRequire } from "node:module";

const convnetjs = createRequire(new URL("../npm/", import.meta.url))("convnetjs");
const net = new convnetjs.Net();
net.makeLayers([{ type: "input", out_sx: 1, out_sy: 1, out_depth: 1 }, { type: "regression", num_neurons: 1 }]);
const { w: bias, dw: gradient } = net.layers[1].biases;
const loss = (b) => ([bias[0], gradient[0]] = [b, 0], net.forward(new convnetjs.Vol([0.5])), net.backward([0.25]));
const h = 2 ** -10;
const difference = (loss(1 + h) - loss(1 - h)) / (2 * h);
loss(1);
console.log(`dE/db as it is used: ${gradient[0]}, right by differences of the reported loss: ${difference}`);
process.exit(Math.abs(difference / gradient[0] - 4) < 1e-6 ? 0 : 1);
