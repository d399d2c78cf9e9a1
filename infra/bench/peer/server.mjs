// The peer over HTTP: POST /verify {"key"} and POST /create {"name"}, and better-auth's own routes under /api/auth. It prints its URL in a
// line of JSON. It ends on SIGTERM, on SIGINT, and when its standard input ends, so that it ends with the program that started it.

import { createServer } from "node:http";
import { parseArgs } from "node:util";

import { toNodeHandler } from "better-auth/node";

import { open } from "./auth.mjs";

const { values } = parseArgs({ options: { port: { type: "string", default: "0" }, data: { type: "string" } } });
if (!values.data) throw new Error("--data <folder> is missing");

async function read(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

function answer(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

// better-auth has no route to verify a key: servers call a function. Its route to create an organization's key needs a cookie. Both are
// called as functions here, so that neither side pays for a session.
function routes({ auth, verify, create }) {
  const own = { "/verify": ({ key }) => verify(key), "/create": ({ name }) => create(name) };
  const theirs = toNodeHandler(auth);
  return async (request, response) => {
    const route = request.method === "POST" && Object.hasOwn(own, request.url) && own[request.url];
    if (!route) return theirs(request, response);
    let body;
    try {
      body = await read(request);
    } catch {
      return answer(response, 400, { error: "the body is not JSON" });
    }
    try {
      answer(response, 200, await route(body));
    } catch (error) {
      answer(response, error.statusCode ?? 500, { error: String(error) });
    }
  };
}

const server = createServer();
// Longer than the pauses between rounds, so that connections stay open.
server.keepAliveTimeout = 60_000;
await new Promise((listening, failed) => {
  server.on("error", failed);
  server.listen(Number(values.port), "127.0.0.1", listening);
});
const url = `http://127.0.0.1:${server.address().port}`;
const peer = await open(values.data, url);
server.on("request", routes(peer));

let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  // Requests in progress are answered; idle connections are closed.
  server.close(() => {
    peer.close();
    process.exit(0);
  });
  server.closeIdleConnections();
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.stdin.on("end", stop).on("close", stop).on("error", stop).resume();

const { key } = await peer.create("first");
const { versions, journalMode, synchronous } = peer;
console.log(JSON.stringify({ url, key, versions, journalMode, synchronous }));
