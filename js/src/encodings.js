// Bytes as text and back, in the encodings that our own code needs.

import { host } from "./host.js";
import { replaceText } from "./lists.js";
import {
  Uint8Array, mathMin, reflectApply, stringFromCharCode, stringToWellFormed, typedArrayLength,
} from "./primordials.js";

// A lone surrogate has no UTF-8 form; it becomes U+FFFD here, so that the host never sees one.
export function utf8Encode(text) {
  return new Uint8Array(host.utf8_encode(stringToWellFormed(text)));
}

export function utf8Decode(bytes) {
  return host.utf8_decode(bytes, false);
}

export function base64UrlEncode(bytes) {
  const text = replaceText(host.base64_encode(bytes), "+", "-");
  return replaceText(replaceText(text, "/", "_"), "=", "");
}

// One character per byte. The pieces keep the argument list of a single call short.
export function latin1Decode(bytes) {
  const piece = 4096;
  const length = typedArrayLength(bytes);
  let text = "";
  for (let start = 0; start < length; start += piece) {
    const codes = [];
    for (let index = start; index < mathMin(start + piece, length); index++) {
      codes[codes.length] = bytes[index];
    }
    text += reflectApply(stringFromCharCode, undefined, codes);
  }
  return text;
}
