// The works of the benchmark on node:http alone.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const base = "/app/bench-abcde/endpoint";
const secret = process.env.BENCH_SECRET;

const server = createServer(async (request, response) => {
  switch (`${request.method} ${request.url}`) {
    case `POST ${base}/order`:
      return order(request, response);
    case `POST ${base}/batch`:
      return batch(request, response);
    case `GET ${base}/hello`:
      response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
      return response.end("Hello");
    case `GET ${base}/timers`:
      for (let round = 0; round < 3; round += 1) await sleep(1);
      return sendJson(response, 200, { waited: 3 });
    case `GET ${base}/slow`:
      await sleep(2000);
      return sendJson(response, 200, { waited: 1 });
    case `GET ${base}/spin`:
      for (;;);
    default:
      return sendJson(response, 404, { error: "not found" });
  }
});

async function order(request, response) {
  const body = await readBody(request);
  if (!isSigned(body, request.headers["endpoint-signature"])) return refuse(response);
  const { items } = JSON.parse(body.toString());
  const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  sendJson(response, 201, { total, count: items.length });
}

async function batch(request, response) {
  const body = await readBody(request);
  if (!isSigned(body, request.headers["endpoint-signature"])) return refuse(response);
  const { items } = JSON.parse(body.toString());
  sendJson(response, 200, { count: items.length });
}

// Events are faster here than `for await`.
function readBody(request) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on("error", reject);
  });
}

function isSigned(body, header) {
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const received = Buffer.from(header ?? "");
  return received.length === expected.length && timingSafeEqual(received, expected);
}

function refuse(response) {
  sendJson(response, 401, { error: "the request could not be verified" });
}

function sendJson(response, status, value) {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}

server.listen(Number(process.env.PORT), "127.0.0.1");
