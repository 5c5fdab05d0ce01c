// The works with documents on Express.

import express from "express";
import jsonwebtoken from "jsonwebtoken";

import { findMany, findOne, findOwned, group, insert, seed, update } from "./documents.mjs";

const secret = process.env.BENCH_SECRET;
const json = express.json({ limit: "1mb" });
const routes = express.Router();

routes.get("/hello", (request, response) => {
  response.type("text/plain").send("Hello");
});

routes.get("/find-one", async (request, response) => {
  response.json(await findOne(Number(request.query.id)));
});

routes.get("/find-many", async (request, response) => {
  response.json(await findMany(Number(request.query.customer)));
});

routes.post("/insert", json, async (request, response) => {
  response.status(201).json(await insert(request.body));
});

routes.post("/update", async (request, response) => {
  response.json(await update(Number(request.query.id)));
});

routes.get("/group", async (request, response) => {
  response.json(await group());
});

routes.get("/owned", authenticate, async (request, response) => {
  response.json(await findOwned(Number(request.query.id), response.locals.user));
});

routes.post("/seed", json, async (request, response) => {
  response.json(await seed(request.body, request.query.collection));
});

function authenticate(request, response, next) {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  try {
    if (scheme !== "Bearer") throw new Error("there is no token");
    response.locals.user = jsonwebtoken.verify(token, secret, { algorithms: ["HS256"] }).sub;
  } catch {
    response.status(401).json({ error: "invalid session" });
    return;
  }
  next();
}

const app = express();
app.disable("x-powered-by");
app.use("/app/bench-abcde/endpoint", routes);
app.listen(Number(process.env.PORT), "127.0.0.1");
