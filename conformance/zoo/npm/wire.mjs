// What the adapters here share: the protocol backproof/1, JSON lines on standard input and output.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

// The version that is installed, not the one that was asked for.
export function version(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
}

// JSON has no NaN: JSON.stringify would write null, so such numbers are shown as strings; typed arrays are lists.
function plain(_, value) {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return ArrayBuffer.isView(value) ? Array.from(value) : value;
}

// Answer every request: hello is what is declared, run(case) returns the records of a case.
export async function serve(hello, run) {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.type === "bye") break;
    const answer = request.type === "hello"
      ? { protocol: "backproof/1", language: "JavaScript", ...hello }
      : { id: request.id, result: run(request.case) };
    process.stdout.write(`${JSON.stringify(answer, plain)}\n`);
  }
  process.stdin.destroy(); // else the program waits for more
}
