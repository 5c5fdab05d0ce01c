// The works of the benchmark on Deno.serve.

import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

const base = "/app/bench-abcde/endpoint";
const secret = Deno.env.get("BENCH_SECRET");
const port = Number(Deno.env.get("PORT"));
const text = { headers: { "Content-Type": "text/plain; charset=utf-8" } };

Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, (request) => {
  switch (`${request.method} ${pathOf(request)}`) {
    case `POST ${base}/order`:
      return order(request);
    case `POST ${base}/batch`:
      return batch(request);
    case `GET ${base}/hello`:
      return new Response("Hello", text);
    case `GET ${base}/timers`:
      return timers();
    case `GET ${base}/slow`:
      return slow();
    case `GET ${base}/spin`:
      for (;;);
    default:
      return Response.json({ error: "not found" }, { status: 404 });
  }
});

// Much cheaper than `new URL`; the first slashes are those of `http://`.
function pathOf({ url }) {
  return url.slice(url.indexOf("/", 8));
}

async function order(request) {
  const body = await request.bytes();
  if (!isSigned(body, request.headers.get("endpoint-signature"))) return refusal();
  const { items } = JSON.parse(decode(body));
  const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  return Response.json({ total, count: items.length }, { status: 201 });
}

async function batch(request) {
  const body = await request.bytes();
  if (!isSigned(body, request.headers.get("endpoint-signature"))) return refusal();
  const { items } = JSON.parse(decode(body));
  return Response.json({ count: items.length });
}

async function timers() {
  for (let round = 0; round < 3; round += 1) await sleep(1);
  return Response.json({ waited: 3 });
}

async function slow() {
  await sleep(2000);
  return Response.json({ waited: 1 });
}

const decoder = new TextDecoder();
const decode = (bytes) => decoder.decode(bytes);

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function isSigned(body, header) {
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const received = Buffer.from(header ?? "");
  return received.length === expected.length && timingSafeEqual(received, expected);
}

function refusal() {
  return Response.json({ error: "the request could not be verified" }, { status: 401 });
}
