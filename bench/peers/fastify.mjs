// The works of the benchmark on Fastify.

import { createHmac, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import Fastify from "fastify";

const secret = process.env.BENCH_SECRET;

async function routes(app) {
  // The signature is over the bytes as they were sent, so they are parsed only after the check.
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    done(null, body);
  });

  app.post("/order", { preHandler: verify }, (request, reply) => {
    const { items } = request.body;
    const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
    reply.code(201).send({ total, count: items.length });
  });

  app.post("/batch", { preHandler: verify }, (request, reply) => {
    reply.send({ count: request.body.items.length });
  });

  app.get("/hello", (request, reply) => {
    reply.type("text/plain; charset=utf-8").send("Hello");
  });

  app.get("/timers", async () => {
    for (let round = 0; round < 3; round += 1) await sleep(1);
    return { waited: 3 };
  });

  app.get("/slow", async () => {
    await sleep(2000);
    return { waited: 1 };
  });

  app.get("/spin", () => {
    for (;;);
  });
}

function verify(request, reply, done) {
  const expected = Buffer.from(
    `sha256=${createHmac("sha256", secret).update(request.body).digest("hex")}`,
  );
  const received = Buffer.from(request.headers["endpoint-signature"] ?? "");
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) {
    return reply.code(401).send({ error: "the request could not be verified" });
  }
  request.body = JSON.parse(request.body.toString());
  done();
}

const app = Fastify({ logger: false });
app.register(routes, { prefix: "/app/bench-abcde/endpoint" });
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
