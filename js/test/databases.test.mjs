// The table of methods in `docs/databases.md` is held to the handles that functions get.

import "./host.mjs";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { Access } = await import("../src/data/access.js");
const { Client } = await import("../src/data/client.js");
const { AggregationCursor } = await import("../src/data/aggregation-cursor.js");
const { FindCursor } = await import("../src/data/find-cursor.js");
const { Session } = await import("../src/data/session.js");

const DOCUMENT = new URL("../../docs/databases.md", import.meta.url);

const client = new Client(new Access("mongodb-atlas", false));
const database = client.db("d");
const Cursor = Object.getPrototypeOf(FindCursor);

const HANDLES = {
  client: Object.getPrototypeOf(client),
  database: Object.getPrototypeOf(database),
  collection: Object.getPrototypeOf(database.collection("c")),
  cursor: Cursor.prototype,
  find: FindCursor.prototype,
  aggregation: AggregationCursor.prototype,
  session: Session.prototype,
};

// What the classes need among themselves.
const INTERNAL = ["constructor", "requireUntouched"];

function rows() {
  const found = new Map();
  for (const line of readFileSync(DOCUMENT, "utf8").split("\n")) {
    const row = /^\| `(\w+)\.(\w+)` \| (yes|refused)\b.* \| (yes|refused)\b/.exec(line);
    if (row) {
      const [, handle, method, mongodb, embedded] = row;
      assert.equal(mongodb, embedded, `${handle}.${method}: both stores have the same methods`);
      found.set(`${handle}.${method}`, mongodb);
    }
  }
  return found;
}

test("the rows of methods say what is there", () => {
  const found = rows();
  assert.ok(found.size > 40, `${found.size} rows`);
  for (const [name, says] of found) {
    const [handle, method] = name.split(".");
    const is = typeof HANDLES[handle]?.[method] === "function" ? "yes" : "refused";
    assert.equal(says, is, name);
  }
});

test("every method has a row", () => {
  const found = rows();
  const missing = Object.entries(HANDLES)
    .flatMap(([handle, methods]) =>
      Object.getOwnPropertyNames(methods)
        .filter((method) => !INTERNAL.includes(method))
        .map((method) => `${handle}.${method}`))
    .filter((name) => !found.has(name));
  assert.deepEqual(missing, []);
});
