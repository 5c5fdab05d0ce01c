// The lint of eslint.config.js finds nothing in src/.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";

const cwd = join(dirname(fileURLToPath(import.meta.url)), "..");

async function findings(results) {
  return results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, message }) => `${filePath}:${line}: ${message}`));
}

test("our own code uses nothing that a function can patch", async () => {
  const found = await findings(await new ESLint({ cwd }).lintFiles(["src"]));
  assert.deepEqual(found, []);
});

test("the lint finds what a function can patch", async () => {
  const lint = new ESLint({ cwd });
  const sources = [
    "export const a = (list) => list.map(String);",
    "export const a = () => JSON.stringify(1);",
    "export const a = (list) => { for (const item of list) { item(); } };",
    "export const a = (list) => [...list];",
    "export const a = ([first]) => first;",
  ];
  for (const filePath of ["src/runtime/any.js", "src/modules/any.js"]) {
    for (const source of sources) {
      const [{ messages }] = await lint.lintText(source, { filePath });
      assert.notEqual(messages.length, 0, `${filePath}: ${source}`);
    }
  }
});
