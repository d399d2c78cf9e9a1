// The peer's calls without HTTP, one after the other. Prints a line of JSON for each operation.

import { parseArgs } from "node:util";

import { open } from "./auth.mjs";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    verify: { type: "string", default: "2000" },
    create: { type: "string", default: "500" },
  },
});
if (!values.data) throw new Error("--data <folder> is missing");
const peer = await open(values.data);
const { key } = await peer.create("first");
// A key of the same length and alphabet that does not exist.
const unknown = key.slice(0, -1) + (key.endsWith("a") ? "b" : "a");

async function time(count, call) {
  const micros = [];
  const cpuBefore = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let n = 0; n < count; n += 1) {
    const one = process.hrtime.bigint();
    await call(n);
    micros.push(Number(process.hrtime.bigint() - one) / 1e3);
  }
  const wallMicros = Number(process.hrtime.bigint() - start) / 1e3;
  const { user, system } = process.cpuUsage(cpuBefore);
  micros.sort((one, other) => one - other);
  const at = (part) => micros[Math.floor(count * part)];
  return { count, wallMicros, cpuMicros: user + system, p50Micros: at(0.5), p99Micros: at(0.99) };
}

function expect(wanted) {
  return ({ valid }) => {
    if (valid !== wanted) throw new Error(`valid: ${valid}`);
  };
}

const operations = {
  verify: [Number(values.verify), () => peer.verify(key).then(expect(true))],
  "verify-unknown": [Number(values.verify), () => peer.verify(unknown).then(expect(false))],
  create: [Number(values.create), (n) => peer.create(`key ${n}`)],
};
for (const [operation, [count, call]] of Object.entries(operations)) {
  // A warm-up.
  await time(Math.min(count, 200), call);
  console.log(JSON.stringify({ operation, ...(await time(count, call)) }));
}
peer.close();
