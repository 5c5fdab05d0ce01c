// The works of the benchmark on Bun.serve.

import { createHmac, timingSafeEqual } from "node:crypto";

const base = "/app/bench-abcde/endpoint";
const secret = process.env.BENCH_SECRET;
const text = { headers: { "Content-Type": "text/plain; charset=utf-8" } };

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  development: false,
  routes: {
    [`${base}/order`]: { POST: order },
    [`${base}/batch`]: { POST: batch },
    [`${base}/hello`]: { GET: () => new Response("Hello", text) },
    [`${base}/timers`]: { GET: timers },
    [`${base}/slow`]: { GET: slow },
    [`${base}/spin`]: { GET: spin },
  },
  fetch: () => Response.json({ error: "not found" }, { status: 404 }),
});

async function order(request) {
  const body = await request.text();
  if (!isSigned(body, request.headers.get("endpoint-signature"))) return refusal();
  const { items } = JSON.parse(body);
  const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  return Response.json({ total, count: items.length }, { status: 201 });
}

async function batch(request) {
  const body = await request.text();
  if (!isSigned(body, request.headers.get("endpoint-signature"))) return refusal();
  const { items } = JSON.parse(body);
  return Response.json({ count: items.length });
}

async function timers() {
  for (let round = 0; round < 3; round += 1) await Bun.sleep(1);
  return Response.json({ waited: 3 });
}

async function slow() {
  await Bun.sleep(2000);
  return Response.json({ waited: 1 });
}

function spin() {
  for (;;);
}

function isSigned(body, header) {
  const digest = new Bun.CryptoHasher("sha256", secret).update(body).digest("hex");
  const expected = Buffer.from(`sha256=${digest}`);
  const received = Buffer.from(header ?? "");
  return received.length === expected.length && timingSafeEqual(received, expected);
}

function refusal() {
  return Response.json({ error: "the request could not be verified" }, { status: 401 });
}
