// ObjectId: twelve bytes that are unique and sort by the second in which they were made.
//
// The hexadecimal text is what is kept, for it is what nearly every use asks for.

import { isMatch } from "../lists.js";
import {
  Date, String, TypeError, Uint8Array, dateNow, mathFloor, numberIsFinite, numberToString, parseInt,
  stringPadStart, stringRepeat, stringSlice, stringToLowerCase, typedArrayLength,
} from "../primordials.js";
import { viewBytes } from "../bytes.js";
import { utf8Encode } from "../encodings.js";
import { host } from "../host.js";
import { BsonValue, defineType } from "./type.js";

const counterRange = 0x1000000;

// The random part and the counter belong to one run. They must not be made while a module loads:
// a memory image taken afterwards would hand the same ids to every run.
let generator;

export const ObjectId = defineType(function ObjectId(input) {
  if (!new.target) {
    return new ObjectId(input);
  }
  this._hex = hexOf(input);
}, "ObjectId", class extends BsonValue {
  static createFromHexString(text) {
    if (typeof text !== "string" || !isHex(text)) {
      throw invalid(text);
    }
    return new ObjectId(text);
  }

  static createFromTime(seconds) {
    return new ObjectId(timeHex(seconds) + stringRepeat("0", 16));
  }

  static isValid(input) {
    if (input === undefined || input === null) {
      return false;
    }
    try {
      hexOf(input);
      return true;
    } catch {
      return false;
    }
  }

  // The twelve bytes; a fresh copy, since an id never changes.
  get id() {
    return new Uint8Array(host.hex_decode(this._hex));
  }

  get str() {
    return this._hex;
  }

  toHexString() {
    return this._hex;
  }

  toString() {
    return this._hex;
  }

  toJSON() {
    return this._hex;
  }

  equals(other) {
    if (typeof other === "string") {
      return stringToLowerCase(other) === this._hex;
    }
    return typeof other?.toHexString === "function" && other.toHexString() === this._hex;
  }

  getTimestamp() {
    return new Date(parseInt(stringSlice(this._hex, 0, 8), 16) * 1000);
  }
});

function hexOf(input) {
  if (typeof input === "string") {
    return hexOfText(input);
  }
  if (input === undefined || input === null) {
    return generate(mathFloor(dateNow() / 1000));
  }
  if (typeof input === "number") {
    return generate(input);
  }
  const bytes = viewBytes(input);
  if (bytes !== undefined && typedArrayLength(bytes) === 12) {
    return host.hex_encode(bytes);
  }
  if (bytes === undefined && typeof input.toHexString === "function") {
    return hexOfText(String(input.toHexString()));
  }
  throw invalid(input);
}

function hexOfText(text) {
  if (isHex(text)) {
    return stringToLowerCase(text);
  }
  if (text.length <= 12) {
    const bytes = utf8Encode(text);
    if (typedArrayLength(bytes) === 12) {
      return host.hex_encode(bytes);
    }
  }
  throw invalid(text);
}

function isHex(text) {
  return isMatch(/^[0-9a-fA-F]{24}$/, text);
}

function generate(seconds) {
  if (generator === undefined) {
    const hex = host.hex_encode(host.random_bytes(8));
    generator = { random: stringSlice(hex, 0, 10), counter: parseInt(stringSlice(hex, 10), 16) };
  }
  generator.counter = (generator.counter + 1) % counterRange;
  const counter = stringPadStart(numberToString(generator.counter, 16), 6, "0");
  return timeHex(seconds) + generator.random + counter;
}

function timeHex(seconds) {
  if (typeof seconds !== "number" || !numberIsFinite(seconds)) {
    throw invalid(seconds);
  }
  return stringPadStart(numberToString(mathFloor(seconds) >>> 0, 16), 8, "0");
}

function invalid(input) {
  const kind = input === null ? "null" : typeof input;
  const shown = kind === "string" ? `"${stringSlice(input, 0, 64)}"` : kind;
  return new TypeError(
    `invalid ObjectId: expected 24 hexadecimal digits or 12 bytes, got ${shown}`,
  );
}
