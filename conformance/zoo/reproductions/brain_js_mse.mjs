// brain.js: the reported error is the mean over the outputs; the step is along the gradient of half the sum.
import { createRequire } from "node:module";

const brain = createRequire(new URL("../npm/", import.meta.url))("brain.js");
const [rate, sample] = [0.001, { input: [0], output: [0.2, 0.9, 0.4] }]; // x = 0: only the biases move
const net = new brain.NeuralNetwork({ activation: "sigmoid", learningRate: rate, momentum: Number.MIN_VALUE });
net.sizes = [1, 3];
net.initialize();
const before = [...net.biases[1]];
const first = net.trainPattern(sample, true);
const squares = before.reduce((sum, bias, i) => sum + ((net.biases[1][i] - bias) / rate) ** 2, 0);
const slope = (first - net.trainPattern(sample, true)) / rate; // of a loss and its own gradient g: |g|^2
console.log(`the reported error changes by ${slope} along the step, right by the gradient used: ${squares}`);
process.exit(Math.abs(slope / squares - 2 / 3) < 0.01 ? 0 : 1); // a mean over 3 outputs against half a sum
