// What the tests share: the modules over the test host, and cases that are data.

import "./host.mjs";
import { readFileSync } from "node:fs";

const { installGlobals } = await import("../src/globals.js");

export const globals = {};
installGlobals(globals);

export function cases(name) {
  return JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url), "utf8"));
}

// A case gives its values as expressions over the globals that a function sees.
export function evaluate(expression) {
  const names = ["BSON", "EJSON", "Buffer", "URL", "URLSearchParams", "utils"];
  const body = new Function(...names, `return (${expression});`);
  return body(...names.map((name) => globals[name]));
}
