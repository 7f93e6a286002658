// convnetjs: the cross-entropy of an output that rounds to 0 is infinite.
import { createRequire } from "node:module";

const convnetjs = createRequire(new URL("../npm/", import.meta.url))("convnetjs");
const net = new convnetjs.Net();
net.makeLayers([{ type: "input", out_sx: 1, out_sy: 1, out_depth: 1 }, { type: "softmax", num_classes: 2 }]);
net.layers[1].filters[0].w[0] = 0;
net.layers[1].filters[1].w[0] = 800;
net.forward(new convnetjs.Vol([1]));
const loss = net.backward(0);
console.log(`loss at z = (0, 800) for class 0: ${loss}, right: 800`);
process.exit(loss === Infinity ? 0 : 1);
