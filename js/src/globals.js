// Puts what functions expect to find on the global object.

import { defineLazily } from "./runtime/lazy.js";
import { BSON } from "./bson.js";
import { loadBuffer } from "./buffer.js";
import { EJSON } from "./ejson.js";
import { TextDecoder, TextEncoder, atob, btoa } from "./text.js";
import { URL, URLSearchParams } from "./url.js";
import { utils } from "./utils.js";

export function installGlobals(target) {
  const values = {
    BSON, EJSON, TextDecoder, TextEncoder, URL, URLSearchParams, atob, btoa, utils,
    global: target,
  };
  for (const name of Object.keys(values)) {
    define(target, name, values[name]);
  }
  defineLazily(target, "Buffer", loadBuffer, false);
}

function define(target, name, value) {
  // A bundler renames a class that refers to itself, and the name shows in logs.
  if (typeof value === "function" && value.name !== name) {
    Object.defineProperty(value, "name", { value: name, configurable: true });
  }
  Object.defineProperty(target, name, {
    value, writable: true, enumerable: false, configurable: true,
  });
}
