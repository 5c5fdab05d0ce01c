// The app's functions, by name. A source is evaluated afresh for every call, so that nothing at
// its top level outlives one (docs/behaviour/functions.md#source).

import {
  PrivateMap, PrivateSet, String, TypeError, propertyOf, reflectApply, reflectConstruct,
} from "../primordials.js";
import { RIGHTS_BITS, RIGHTS_USER } from "../border.js";
import { host } from "../host.js";
import { options } from "../start.js";
import { requireOfFunction } from "./packages.js";
import { caught } from "./traces.js";

// Of functions, by the number of the script: names, whether they may export a class, what makes the
// script for a context, and `require`.
const names = [];
const classes = [];
const makers = [];
const requires = [];

// Those that run as system whoever calls them.
const systemFunctions = new PrivateSet();

// The scripts with the rights of the run.
const scripts = [];
// Those with the rights of the system user, in a run that has the rights of a user.
const systemScripts = new PrivateMap();
let contextOfSystem;

// A function has its rights from the context that its script is made with, so that they are those
// of the function that calls `context`, whatever else runs meanwhile.
export function registerFunctions(known, { ownContext, systemContext }) {
  contextOfSystem = systemContext;
  for (let position = 0; position < known.length; position++) {
    const index = known[position][0];
    names[index] = known[position][1];
    requires[index] = requireOfFunction(index);
    classes[index] = known[position][2];
    if (known[position][3]) {
      systemFunctions.add(index);
    }
    try {
      makers[index] = host.script(index);
      scripts[index] = makers[index](ownContext);
    } catch {
      // It does not compile, and the host does not let anybody call it.
    }
  }
}

/** Calls a function of the app: its result, or its promise when it is asynchronous. */
export function execute(name, ...callArguments) {
  const index = find(String(name), false);
  const asSystem = (options & RIGHTS_BITS) === RIGHTS_USER && systemFunctions.has(index);
  return call(index, callArguments, asSystem);
}

/** The same for a function that runs as system: whatever it calls does, too. */
export function executeAsSystem(name, ...callArguments) {
  return call(find(String(name), true), callArguments, true);
}

// The script of a function. One that has a condition is told by a negative number, and JavaScript
// stands still until it is known that the condition holds.
function find(name, asSystem) {
  const index = host.function_find(name);
  if (index >= 0) {
    return index;
  }
  host.wait(host.function_allow(name, asSystem));
  return -1 - index;
}

/**
 * Calls the function in a script of the image. Helper files export classes: those are made.
 *
 * @param {number} index
 * @param {any[]} callArguments
 * @param {boolean} asSystem whether it runs as system in a run that does not
 */
export function call(index, callArguments, asSystem) {
  const script = asSystem ? systemScript(index) : scripts[index];
  const entry = script({}, requires[index], caught);
  if (typeof entry !== "function") {
    throw new TypeError(
      `function '${names[index]}' does not export a function: assign one to 'exports'`,
    );
  }
  return classes[index] && isClass(entry)
    ? reflectConstruct(entry, callArguments)
    : reflectApply(entry, undefined, callArguments);
}

function systemScript(index) {
  let script = systemScripts.get(index);
  if (script === undefined) {
    script = makers[index](contextOfSystem);
    systemScripts.set(index, script);
  }
  return script;
}

// Only a class has a prototype that cannot be exchanged. The engine makes the prototype of a
// function when somebody looks at it, which takes longer than the call of a small one.
function isClass(entry) {
  return propertyOf(entry, "prototype")?.writable === false;
}
