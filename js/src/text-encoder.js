// TextEncoder, as browsers and Node have it.

import { utf8Encode } from "./encodings.js";
import {
  String, stringCharCodeAt, stringSlice, typedArrayLength, typedArraySet,
} from "./primordials.js";

export class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    return utf8Encode(String(text));
  }

  // Writes whole characters only, as many as there is room for.
  encodeInto(text, target) {
    let read = 0;
    let written = 0;
    const given = String(text);
    const room = typedArrayLength(target);
    while (read < given.length) {
      const character = stringSlice(given, read, read + (isPair(given, read) ? 2 : 1));
      const bytes = utf8Encode(character);
      const length = typedArrayLength(bytes);
      if (written + length > room) {
        break;
      }
      typedArraySet(target, bytes, written);
      written += length;
      read += character.length;
    }
    return { read, written };
  }
}

// Whether the two halves of a character that needs both are at `index`.
function isPair(text, index) {
  return (stringCharCodeAt(text, index) & 0xfc00) === 0xd800 &&
    (stringCharCodeAt(text, index + 1) & 0xfc00) === 0xdc00;
}
