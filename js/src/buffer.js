// Node's Buffer, from the `buffer` package, loaded when it is first asked for.
//
// Loading it builds tables, and most runs never touch it. What our own code needs of it does not
// come from the package, which uses the language as functions leave it: making a Buffer, and the
// conversions that are asked for most (UTF-8, base64, hexadecimal), which the host does.

import { base64UrlEncode, utf8Encode } from "./encodings.js";
import { host } from "./host.js";
import { replaceMatches } from "./lists.js";
import {
  ArrayBuffer, String, Uint8Array, objectSetPrototypeOf, reflectApply, stringToLowerCase,
  typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset, typedArraySubarray,
} from "./primordials.js";

// The package's class, once it is loaded, and what of it a function may replace.
let loaded;
let prototype;
let plainFrom;
let plainToString;

export function loadBuffer() {
  loaded ??= accelerate(require("buffer/").Buffer);
  return loaded;
}

// A buffer, or a view of one, as a Buffer in the same memory.
export function bufferOf(bytes) {
  loadBuffer();
  const buffer = bytes instanceof ArrayBuffer
    ? new Uint8Array(bytes)
    : new Uint8Array(
      typedArrayBuffer(bytes), typedArrayByteOffset(bytes), typedArrayByteLength(bytes),
    );
  return objectSetPrototypeOf(buffer, prototype);
}

// `Buffer.from`, whatever a function has put there.
export function bufferFrom(value, encoding, length) {
  loadBuffer();
  const bytes = typeof value === "string" ? encode(value, encoding) : undefined;
  return bytes === undefined ? plainFrom(value, encoding, length) : bufferOf(bytes);
}

// `bytes.toString(encoding)` of a Buffer, whatever a function has put there.
export function bufferToString(bytes, encoding) {
  loadBuffer();
  return decode(bytes, normal(encoding)) ??
    reflectApply(plainToString, bufferOf(bytes), [encoding]);
}

function accelerate(Buffer) {
  const plainIsEncoding = Buffer.isEncoding;
  ({ prototype, from: plainFrom } = Buffer);
  plainToString = prototype.toString;
  Buffer.from = function from(value, encoding, length) {
    return bufferFrom(value, encoding, length);
  };
  Buffer.isEncoding = function isEncoding(encoding) {
    return plainIsEncoding(encoding) || normal(encoding) === "base64url";
  };
  prototype.toString = function toString(encoding, start, end) {
    if (start === undefined && end === undefined) {
      return decode(this, normal(encoding)) ?? reflectApply(plainToString, this, [encoding]);
    }
    return normal(encoding) === "base64url"
      ? base64UrlEncode(typedArraySubarray(this, start, end))
      : reflectApply(plainToString, this, [encoding, start, end]);
  };
  return Buffer;
}

function normal(encoding) {
  return encoding === undefined || encoding === null ? "utf8" : stringToLowerCase(String(encoding));
}

function decode(bytes, encoding) {
  switch (encoding) {
    case "utf8":
    case "utf-8":
      return host.utf8_decode(bytes, false);
    case "hex":
      return host.hex_encode(bytes);
    case "base64":
      return host.base64_encode(bytes);
    case "base64url":
      return base64UrlEncode(bytes);
    default:
      return undefined;
  }
}

// Node stops at the first wrong character where the host throws; the package does as Node does.
function encode(text, encoding) {
  try {
    switch (normal(encoding)) {
      case "utf8":
      case "utf-8":
        return utf8Encode(text);
      case "hex":
        return host.hex_decode(text);
      case "base64":
        return host.base64_decode(text);
      case "base64url":
        return host.base64_decode(replaceMatches(text, /[^A-Za-z0-9_-]/g, () => ""));
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}
