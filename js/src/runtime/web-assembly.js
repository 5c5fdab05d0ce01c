// `WebAssembly`: packages that bring code for it can be loaded, and fail when they want to run it
// (docs/behaviour/modules.md#packages).

import {
  ArrayBuffer, Error, objectDefineProperty, objectKeys, symbolToStringTag,
} from "../primordials.js";
import { define } from "../properties.js";

function refused(name) {
  const error = new Error(`WebAssembly.${name} is not supported by Hookstead`);
  define(error, "code", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", true);
  return error;
}

class CompileError extends Error {}
class LinkError extends Error {}
class RuntimeError extends Error {}

// What is made before anything runs holds nothing.
class Module {}
class Table {}
class Global {}
class Memory {
  buffer = new ArrayBuffer(0);

  grow() {
    throw refused("Memory.grow");
  }
}

class Instance {
  constructor() {
    throw refused("Instance");
  }
}

const compile = async () => new Module();

const instantiate = async () => {
  throw refused("instantiate");
};

const members = {
  CompileError, Global, Instance, LinkError, Memory, Module, RuntimeError, Table,
  compile, compileStreaming: compile, instantiate, instantiateStreaming: instantiate,
  validate: () => false,
};

/** Puts it into the global scope. */
export function installWebAssembly(globals) {
  const own = {};
  const names = objectKeys(members);
  for (let index = 0; index < names.length; index++) {
    define(own, names[index], members[names[index]]);
  }
  objectDefineProperty(own, symbolToStringTag, {
    __proto__: null, value: "WebAssembly", configurable: true,
  });
  define(globals, "WebAssembly", own);
}
