// The works with documents on node:http alone.

import { createServer } from "node:http";

import { findMany, findOne, group, insert, seed, update } from "./documents.mjs";

const base = "/app/bench-abcde/endpoint";

const server = createServer(async (request, response) => {
  const [path, query] = request.url.split("?");
  const number = (name) => Number(new URLSearchParams(query).get(name));
  switch (`${request.method} ${path}`) {
    case `GET ${base}/hello`:
      response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
      return response.end("Hello");
    case `GET ${base}/find-one`:
      return sendJson(response, 200, await findOne(number("id")));
    case `GET ${base}/find-many`:
      return sendJson(response, 200, await findMany(number("customer")));
    case `POST ${base}/insert`:
      return sendJson(response, 201, await insert(await readJson(request)));
    case `POST ${base}/update`:
      return sendJson(response, 200, await update(number("id")));
    case `GET ${base}/group`:
      return sendJson(response, 200, await group());
    case `POST ${base}/seed`:
      return sendJson(response, 200, await seed(await readJson(request)));
    default:
      return sendJson(response, 404, { error: "not found" });
  }
});

// Events are faster here than `for await`.
function readJson(request) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    request.on("error", reject);
  });
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
