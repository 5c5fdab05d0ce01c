// Node's Buffer, from the `buffer` package, loaded when it is first asked for.
//
// Loading it builds tables, and most runs never touch it. The conversions that are asked for most
// (UTF-8, base64, hexadecimal) are answered by the host, everything else by the package.

import { replaceMatches } from "./lists.js";
import {
  String, reflectApply, stringToLowerCase, typedArrayBuffer, typedArraySubarray,
} from "./primordials.js";
import { base64UrlEncode, utf8Encode } from "./bytes.js";
import { host } from "./host.js";

let loaded;

export function loadBuffer() {
  loaded ??= accelerate(require("buffer/").Buffer);
  return loaded;
}

function accelerate(Buffer) {
  const plainFrom = Buffer.from;
  const plainToString = Buffer.prototype.toString;
  const plainIsEncoding = Buffer.isEncoding;
  Buffer.from = function from(value, encoding, length) {
    const bytes = typeof value === "string" ? encode(value, encoding) : undefined;
    return bytes === undefined ? plainFrom(value, encoding, length) : plainFrom(bytes);
  };
  Buffer.isEncoding = function isEncoding(encoding) {
    return plainIsEncoding(encoding) || normal(encoding) === "base64url";
  };
  Buffer.prototype.toString = function toString(encoding, start, end) {
    const name = normal(encoding);
    if (start !== undefined || end !== undefined) {
      return name === "base64url"
        ? base64UrlEncode(typedArraySubarray(this, start, end))
        : reflectApply(plainToString, this, [encoding, start, end]);
    }
    return decode(this, name) ?? reflectApply(plainToString, this, [encoding]);
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
        return typedArrayBuffer(utf8Encode(text));
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
