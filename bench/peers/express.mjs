// The works of the benchmark on Express.

import { createHmac, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import express from "express";

const secret = process.env.BENCH_SECRET;

// The signature is over the bytes as they were sent, so they are parsed only after the check.
const rawBody = express.raw({ type: "application/json", limit: "1mb" });

function verify(request, response, next) {
  const expected = Buffer.from(
    `sha256=${createHmac("sha256", secret).update(request.body).digest("hex")}`,
  );
  const received = Buffer.from(request.get("Endpoint-Signature") ?? "");
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) {
    return response.status(401).json({ error: "the request could not be verified" });
  }
  request.body = JSON.parse(request.body.toString());
  next();
}

const routes = express.Router();

routes.post("/order", rawBody, verify, (request, response) => {
  const { items } = request.body;
  const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  response.status(201).json({ total, count: items.length });
});

routes.post("/batch", rawBody, verify, (request, response) => {
  response.json({ count: request.body.items.length });
});

routes.get("/hello", (request, response) => {
  response.type("text/plain").send("Hello");
});

routes.get("/timers", async (request, response) => {
  for (let round = 0; round < 3; round += 1) await sleep(1);
  response.json({ waited: 3 });
});

routes.get("/slow", async (request, response) => {
  await sleep(2000);
  response.json({ waited: 1 });
});

routes.get("/spin", () => {
  for (;;);
});

const app = express();
app.disable("x-powered-by");
app.use("/app/bench-abcde/endpoint", routes);
app.listen(Number(process.env.PORT), "127.0.0.1");
