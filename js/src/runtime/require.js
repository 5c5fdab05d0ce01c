// `require`: the modules that come with the runtime. Each is a script of its own, evaluated when
// it is first asked for.

import { Error, PrivateMap, String, stringSlice, stringStartsWith } from "../primordials.js";
import { loadBuffer } from "../buffer.js";
import { host } from "../host.js";
import * as exported from "./internals.js";

const loaded = new PrivateMap();
// Numbers of scripts, by the module's name.
const scripts = new PrivateMap();

// Plain properties: those of a namespace would be read through functions.
const internals = { ...exported };

export function require(specifier) {
  const text = String(specifier);
  const name = stringStartsWith(text, "node:") ? stringSlice(text, 5) : text;
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
  for (let position = 0; position < known.length; position++) {
    scripts.set(known[position][0], known[position][1]);
  }
  for (let position = 0; position < known.length; position++) {
    try {
      require(known[position][0]);
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
