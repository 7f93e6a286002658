// brain.js: the reported error is the mean over the outputs; the step is along the gradient of half the sum.
import { createRequire } from "node:module";

const brain = createRequire(new URL("../npm/", import.meta.url))("brain.js");
const sample = { input: [0.5], output: [0.2, 0.9, 0.4] };
const rate = 0.001;
const net = new brain.NeuralNetwork({ activation: "sigmoid", learningRate: rate, momentum: Number.MIN_VALUE });
net.sizes = [1, 3];
net.initialize();
const parameters = () => [...net.weights[1].flatMap((row) => [...row]), ...net.biases[1]];
const before = parameters();
const first = net.trainPattern(sample, true);
const squares = parameters().reduce((sum, p, i) => sum + ((p - before[i]) / rate) ** 2, 0);
const slope = (first - net.trainPattern(sample, true)) / rate;
console.log(`change of the reported error along the step: ${slope}; the gradient used says ${squares}`);
console.log(`ratio ${slope / squares}, right: 1 (2/3: a mean over 3 outputs against half a sum)`);
process.exit(Math.abs(slope / squares - 2 / 3) < 0.01 ? 0 : 1);
