// The works with documents on Express.

import express from "express";

import { findMany, findOne, group, insert, seed, update } from "./documents.mjs";

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

routes.post("/seed", json, async (request, response) => {
  response.json(await seed(request.body));
});

const app = express();
app.disable("x-powered-by");
app.use("/app/bench-abcde/endpoint", routes);
app.listen(Number(process.env.PORT), "127.0.0.1");
