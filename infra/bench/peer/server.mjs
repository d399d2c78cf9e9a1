// The peer over HTTP: POST /verify {"key"} and POST /create {"name"}. It says where it listens, in one line of JSON, and ends on SIGTERM,
// SIGINT, or when whoever started it goes away.

import { createServer } from "node:http";
import { parseArgs } from "node:util";

import { open } from "./auth.mjs";

const { values } = parseArgs({ options: { port: { type: "string", default: "0" }, data: { type: "string" } } });
const peer = await open(values.data);

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

const routes = {
  "POST /verify": async (asked) => peer.verify(asked.key),
  "POST /create": async (asked) => peer.create(asked.name),
};

const server = createServer(async (request, response) => {
  const answer = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  const route = routes[`${request.method} ${request.url}`];
  if (!route) return answer(404, { error: "there is no such route" });
  try {
    answer(200, await route(await body(request)));
  } catch (error) {
    answer(500, { error: String(error) });
  }
});
server.keepAliveTimeout = 60_000;

server.listen(Number(values.port), "127.0.0.1", async () => {
  const { key } = await peer.create("first");
  const { versions, journalMode, synchronous } = peer;
  const url = `http://127.0.0.1:${server.address().port}`;
  console.log(JSON.stringify({ url, key, versions, journalMode, synchronous }));
});

function stop() {
  server.close();
  server.closeAllConnections();
  peer.close();
  process.exit(0);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.stdin.on("end", stop);
process.stdin.resume();
