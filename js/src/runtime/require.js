// `require`: the modules that come with the runtime. Each is a script of its own, evaluated when
// it is first asked for.

import { loadBuffer } from "../buffer.js";
import { host } from "../host.js";

const loaded = new Map();
// Numbers of scripts, by the module's name.
const scripts = new Map();

// What modules of the runtime get of it. Functions cannot ask for this.
const internals = { host, loadBuffer };

export function require(specifier) {
  const name = String(specifier).replace(/^node:/, "");
  const known = loaded.get(name);
  if (known !== undefined) {
    return known.exports;
  }
  const index = scripts.get(name);
  if (index === undefined) {
    const error = new Error(`Cannot find module '${specifier}'`);
    error.code = "MODULE_NOT_FOUND";
    throw error;
  }
  return load(name, index);
}

// Part of the image: those that can be evaluated without a run are.
export function registerModules(known) {
  loadBuffer();
  for (const [name, index] of known) {
    scripts.set(name, index);
  }
  for (const [name] of known) {
    try {
      require(name);
    } catch {
      // It wants something of the host's; then it is evaluated in the run that asks for it.
    }
  }
}

function load(name, index) {
  const module = { exports: {} };
  // Known before it is evaluated: modules may require each other in a circle.
  loaded.set(name, module);
  try {
    host.script(index)(module, module.exports, requireInside);
  } catch (error) {
    loaded.delete(name);
    throw error;
  }
  return module.exports;
}

function requireInside(specifier) {
  return specifier === "hookstead:internals" ? internals : require(specifier);
}
