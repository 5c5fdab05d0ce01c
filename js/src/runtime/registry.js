// The app's functions, by name. A source is evaluated afresh for every call, so that nothing at
// its top level outlives one (reference: functions.md §3.1).

import { host } from "../host.js";
import { require } from "./require.js";

const scripts = new Map();

/** Calls a function of the app: its result, or its promise when it is asynchronous. */
export function execute(name, ...callArguments) {
  return callScript(host.function_find(String(name)), String(name), callArguments);
}

/** Calls the function in a script of the image. */
export function callScript(index, name, callArguments) {
  const entry = entryPoint(index, name);
  // Helper files export classes; there is no other way to call one.
  return isClass(entry) ? new entry(...callArguments) : entry(...callArguments);
}

function entryPoint(index, name) {
  let script = scripts.get(index);
  if (script === undefined) {
    script = host.script(index);
    scripts.set(index, script);
  }
  const exported = script({}, require);
  if (typeof exported !== "function") {
    throw new TypeError(`function '${name}' does not export a function: assign one to 'exports'`);
  }
  return exported;
}

function isClass(entry) {
  return /^class\b(?!\s*\()/.test(Function.prototype.toString.call(entry));
}
