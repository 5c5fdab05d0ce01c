// Puts what functions expect to find on the global object.

import { define, defineLazily } from "./properties.js";
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
