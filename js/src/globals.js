// Puts what functions expect to find on the global object.

import { objectKeys } from "./primordials.js";
import { define, defineLazily } from "./properties.js";
import { BSON } from "./bson.js";
import { loadBuffer } from "./buffer.js";
import { EJSON } from "./ejson.js";
import { TextDecoder } from "./text-decoder.js";
import { TextEncoder } from "./text-encoder.js";
import { atob, btoa } from "./base64.js";
import { URL, URLSearchParams } from "./url.js";
import { utils } from "./utils.js";

export function installGlobals(target) {
  const values = {
    BSON, EJSON, TextDecoder, TextEncoder, URL, URLSearchParams, atob, btoa, utils,
    global: target,
  };
  const names = objectKeys(values);
  for (let index = 0; index < names.length; index++) {
    define(target, names[index], values[names[index]]);
  }
  defineLazily(target, "Buffer", loadBuffer, false);
}
