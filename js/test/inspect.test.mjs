// What the console prints.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cases, evaluate } from "./support.mjs";

const { format, inspect } = await import("../src/inspect.js");
const table = cases("inspect");

for (const [name, expression, expected] of table.format) {
  test(`format: ${name}`, () => {
    assert.equal(format(...evaluate(expression)), expected);
  });
}
for (const [name, expression, expected] of table.inspect) {
  test(`inspect: ${name}`, () => {
    assert.equal(inspect(evaluate(expression)), expected);
  });
}

test("an error at the top shows its stack, after its message", () => {
  const error = new RangeError("bad");
  assert.match(format(error), /^RangeError: bad\n {4}at /);
  error.stack = "    at f (x.js:1:1)\n";
  assert.equal(format(error), "RangeError: bad\n    at f (x.js:1:1)");
  error.stack = undefined;
  assert.equal(format(error), "RangeError: bad");
});

test("size is limited", () => {
  assert.match(inspect(new Array(1000).fill(0)), /, 0, \.\.\. 900 more items \]$/);
  const wide = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, 1]));
  assert.match(inspect(wide), /\.\.\. 1 more key \}$/);
  assert.ok(inspect({ text: "x".repeat(1e6) }).length < 17000);
  assert.ok(format("x".repeat(1e6), "y").length < 17000);
  const item = { text: "x".repeat(500) };
  assert.ok(inspect(new Array(90).fill(new Array(90).fill(item))).length < 17000);
});
