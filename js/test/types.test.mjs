// TypeScript finds nothing wrong with src/ and with the host of the tests.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");

test("our own code and the host of the tests keep to their types", () => {
  const command = [compiler, "--noEmit", "-p", "."];
  const { stdout, status } = spawnSync(process.execPath, command, { cwd: root, encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});
