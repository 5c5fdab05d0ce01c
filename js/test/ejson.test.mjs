// EJSON and the two writers, over the table in cases/ejson.json.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cases, evaluate, globals } from "./support.mjs";

const { writeEjson, writeJson } = await import("../src/ejson.js");
const { EJSON } = globals;
const table = cases("ejson");

function checkWritten(section, write) {
  for (const [name, expression, expected] of table[section]) {
    test(`${section}: ${name}`, () => {
      assert.equal(write(evaluate(expression)), expected ?? undefined);
    });
  }
}

function checkParsed(section, options) {
  for (const [name, text, expected] of table[section]) {
    test(`${section}: ${name}`, () => {
      assert.deepEqual(EJSON.parse(text, options), evaluate(expected));
    });
  }
}

checkWritten("canonical", (value) => EJSON.stringify(value));
checkWritten("narrow", (value) => writeEjson(value, { integers: "narrow" }));
checkWritten("json", writeJson);
checkParsed("parse");
checkParsed("typed", { relaxed: false });

for (const text of table.refused) {
  test(`refused: ${text}`, () => {
    assert.throws(() => EJSON.parse(text), (error) => error instanceof Error);
  });
}

test("what is written in canonical form reads as the same value", () => {
  for (const [, expression] of table.parse.map(([name, , expected]) => [name, expected])) {
    const value = evaluate(expression);
    assert.deepEqual(EJSON.parse(EJSON.stringify(value)), value);
  }
});

test("a key called __proto__ is data and changes no prototype", () => {
  const value = EJSON.parse('{"__proto__":{"polluted":{"$numberInt":"1"}},"a":{}}');
  assert.deepEqual(Object.keys(value), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(value.a.polluted, undefined);
  const typed = EJSON.parse('{"__proto__":{"$oid":"5e58667d902d38559c802b13"}}');
  assert.equal(Object.getPrototypeOf(typed), Object.prototype);
  assert.equal(EJSON.stringify(typed), '{"__proto__":{"$oid":"5e58667d902d38559c802b13"}}');
});

test("hostile depth is an ordinary error", () => {
  const text = "[".repeat(5000) + "]".repeat(5000);
  assert.throws(() => EJSON.parse(text), /nested deeper than 200 levels/);
  const deep = JSON.parse(text);
  assert.throws(() => EJSON.stringify(deep), /nested deeper/);
  assert.throws(() => writeJson(deep), /nested deeper/);
  const allowed = "[".repeat(150) + "]".repeat(150);
  assert.equal(EJSON.stringify(EJSON.parse(allowed)), allowed);
});

test("a cycle is named", () => {
  const value = { a: [{}] };
  value.a[0].parent = value;
  const circular = { name: "TypeError", message: /circular structure: "parent"/ };
  assert.throws(() => EJSON.stringify(value), circular);
  assert.throws(() => writeJson(value), circular);
});

for (const [name, expression, expected] of table.stringify) {
  test(`JSON.stringify within a function: ${name}`, () => {
    assert.equal(JSON.stringify(evaluate(expression)), expected);
    assert.deepEqual(EJSON.parse(expected), evaluate(expression));
  });
}

test("replacer and space work on the extended form", () => {
  assert.equal(EJSON.stringify({ a: "x" }, null, 1), '{\n "a": "x"\n}');
  assert.equal(EJSON.stringify({ a: "x", b: "y" }, ["b"]), '{"b":"y"}');
  assert.equal(EJSON.stringify({ a: 1 }, { relaxed: true }), '{"a":{"$numberLong":"1"}}');
});

test("serialize and deserialize copy", () => {
  const plain = { at: { $date: { $numberLong: "0" } } };
  assert.deepEqual(EJSON.serialize({ at: new Date(0) }), plain);
  assert.deepEqual(EJSON.deserialize(plain), { at: new Date(0) });
  assert.deepEqual(plain, { at: { $date: { $numberLong: "0" } } });
});

test("values of another BSON library are written by their tag", () => {
  class Foreign {
    toHexString() {
      return "5e58667d902d38559c802b13";
    }
  }
  Object.defineProperty(Foreign.prototype, "_bsontype", { value: "ObjectID" });
  assert.equal(EJSON.stringify(new Foreign()), '{"$oid":"5e58667d902d38559c802b13"}');
  assert.equal(writeJson([new Foreign()]), '["5e58667d902d38559c802b13"]');
});

test("a bigint beyond 64 bits has no extended form", () => {
  assert.throws(() => EJSON.stringify(1n << 63n), /does not fit 64 bits/);
});
