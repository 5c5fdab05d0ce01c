// The app's functions, by name. A source is evaluated afresh for every call, so that nothing at
// its top level outlives one (docs/behaviour/functions.md#source).

import { String, TypeError, propertyOf, reflectApply, reflectConstruct } from "../primordials.js";
import { host } from "../host.js";
import { require } from "./require.js";
import { caught } from "./traces.js";

// Of functions, by the number of the script: names, scripts, and whether they may export a class.
const names = [];
const scripts = [];
const classes = [];

// Functions by the number of the script: names, scripts, and whether they may export a class.
export function registerFunctions(known) {
  for (let position = 0; position < known.length; position++) {
    const index = known[position][0];
    names[index] = known[position][1];
    classes[index] = known[position][2];
    try {
      scripts[index] = host.script(index);
    } catch {
      // It does not compile, and the host does not let anybody call it.
    }
  }
}

/** Calls a function of the app: its result, or its promise when it is asynchronous. */
export function execute(name, ...callArguments) {
  return call(host.function_find(String(name)), callArguments);
}

/** Calls the function in a script of the image. Helper files export classes: those are made. */
export function call(index, callArguments) {
  const entry = scripts[index]({}, require, caught);
  if (typeof entry !== "function") {
    throw new TypeError(
      `function '${names[index]}' does not export a function: assign one to 'exports'`,
    );
  }
  return classes[index] && isClass(entry)
    ? reflectConstruct(entry, callArguments)
    : reflectApply(entry, undefined, callArguments);
}

// Only a class has a prototype that cannot be exchanged. The engine makes the prototype of a
// function when somebody looks at it, which takes longer than the call of a small one.
function isClass(entry) {
  return propertyOf(entry, "prototype")?.writable === false;
}
