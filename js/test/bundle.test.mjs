// The bundle: no path of the machine that made it, and classes that keep their names.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import "./host.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

for (const flags of [[], ["--minify"]]) {
  test(`the bundle, ${flags[0] ?? "plain"}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "hookstead-bundle-"));
    try {
      const output = join(folder, "runtime.js");
      execFileSync(process.execPath, [join(root, "build.mjs"), output, ...flags]);
      const script = readFileSync(output, "utf8");
      assert.ok(!script.includes(root));
      const context = vm.createContext({ __host: globalThis.__host });
      vm.runInContext(script, context);
      const named = ["Buffer", "URL", "URLSearchParams", "TextEncoder", "TextDecoder"];
      for (const name of named) {
        assert.equal(vm.runInContext(`${name}.name`, context), name);
      }
      assert.equal(vm.runInContext("EJSON.stringify(BSON.Int32(1))", context),
        '{"$numberInt":"1"}');
      assert.equal(vm.runInContext("new BSON.ObjectId().constructor.name", context), "ObjectId");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
