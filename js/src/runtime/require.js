// `require`: the modules that come with the runtime. Each is a script of its own, evaluated when
// it is first asked for.

import { host } from "../host.js";

const loaded = new Map();

export function require(specifier) {
  const name = String(specifier).replace(/^node:/, "");
  const known = loaded.get(name);
  if (known !== undefined) {
    return known.exports;
  }
  const index = host.module_find(name);
  if (index === undefined) {
    const error = new Error(`Cannot find module '${specifier}'`);
    error.code = "MODULE_NOT_FOUND";
    throw error;
  }
  const module = { exports: {} };
  loaded.set(name, module);
  host.script(index)(module, module.exports, require);
  return module.exports;
}
