// `btoa` and `atob`, as browsers and Node have them.

import { latin1Decode } from "./encodings.js";
import { host } from "./host.js";
import { isMatch, replaceMatches } from "./lists.js";
import {
  Error, String, Uint8Array, stringCharCodeAt, stringIndexOf, stringSlice,
} from "./primordials.js";

export function btoa(input) {
  const text = String(input);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = stringCharCodeAt(text, index);
    if (code > 255) {
      throw invalidCharacter("the string has characters outside of Latin-1");
    }
    bytes[index] = code;
  }
  return host.base64_encode(bytes);
}

export function atob(input) {
  let text = replaceMatches(String(input), /[\t\n\f\r ]/g, () => "");
  if (text.length % 4 === 0) {
    text = replaceMatches(text, /==?$/g, () => "");
  }
  if (text.length % 4 === 1 || isMatch(/[^A-Za-z0-9+/]/, text)) {
    throw invalidCharacter("the string is not correctly encoded");
  }
  // Bits beyond the last whole byte are dropped, which a strict decoder would refuse to do.
  const last = text.length % 4;
  const ending = last === 2 ? looseEnd(text, 0x30) : last === 3 ? looseEnd(text, 0x3c) : text;
  return latin1Decode(new Uint8Array(host.base64_decode(ending)));
}

function looseEnd(text, mask) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return stringSlice(text, 0, -1) + alphabet[stringIndexOf(alphabet, text[text.length - 1]) & mask];
}

function invalidCharacter(message) {
  const error = new Error(message);
  error.name = "InvalidCharacterError";
  error.code = 5;
  return error;
}
