// brain.js: leaky ReLU is slope * z above 0 and 0 below; right: z above 0 and slope * z below.
import { createRequire } from "node:module";

const brain = createRequire(new URL("../npm/", import.meta.url))("brain.js");
const net = new brain.NeuralNetwork({ activation: "leaky-relu", leakyReluAlpha: 0.25 });
net.sizes = [1, 1];
net.initialize();
net.weights[1][0][0] = 1;
net.biases[1][0] = 0;
const [above, below] = [net.runInput([2])[0], net.runInput([-2])[0]];
console.log(`leaky-relu(2) with slope 1/4: ${above}, right: 2`);
console.log(`leaky-relu(-2) with slope 1/4: ${below}, right: -0.5`);
process.exit(above === 0.5 && below === 0 ? 0 : 1);
