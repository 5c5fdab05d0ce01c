// The natives of the test host are held to the table of the border.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NATIVES } from "../src/border.js";
import { missing } from "./host.mjs";

const mocked = globalThis.__host;

test("every native is mocked, or it is said why not", () => {
  const known = [...Object.keys(mocked), ...Object.keys(missing)].toSorted();
  assert.deepEqual(known, Object.keys(NATIVES).toSorted());
  for (const [name, reason] of Object.entries(missing)) {
    assert.ok(reason.length > 0, name);
  }
});

test("no mock takes more arguments than its native", () => {
  for (const [name, mock] of Object.entries(mocked)) {
    assert.ok(mock.length <= NATIVES[name], name);
  }
});
