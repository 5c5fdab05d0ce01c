// ObjectId: twelve bytes that are unique and sort by the second in which they were made.
//
// The hexadecimal text is what is kept, for it is what nearly every use asks for.

import { host } from "../host.js";
import { utf8Encode, viewBytes } from "../bytes.js";
import { BsonValue, defineType } from "./type.js";

const counterRange = 0x1000000;

// The random part and the counter belong to one run. They must not be made while a module loads:
// a memory image taken afterwards would hand the same ids to every run.
let generator;

export function ObjectId(input) {
  if (!new.target) {
    return new ObjectId(input);
  }
  this._hex = hexOf(input);
}

defineType(ObjectId, "ObjectId", class extends BsonValue {
  static createFromHexString(text) {
    if (typeof text !== "string" || !isHex(text)) {
      throw invalid(text);
    }
    return new ObjectId(text);
  }

  static createFromTime(seconds) {
    return new ObjectId(timeHex(seconds) + "0".repeat(16));
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
      return other.toLowerCase() === this._hex;
    }
    return typeof other?.toHexString === "function" && other.toHexString() === this._hex;
  }

  getTimestamp() {
    return new Date(parseInt(this._hex.slice(0, 8), 16) * 1000);
  }
});

function hexOf(input) {
  if (typeof input === "string") {
    return hexOfText(input);
  }
  if (input === undefined || input === null) {
    return generate(Math.floor(Date.now() / 1000));
  }
  if (typeof input === "number") {
    return generate(input);
  }
  const bytes = viewBytes(input);
  if (bytes !== undefined && bytes.length === 12) {
    return host.hex_encode(bytes);
  }
  if (bytes === undefined && typeof input.toHexString === "function") {
    return hexOfText(String(input.toHexString()));
  }
  throw invalid(input);
}

function hexOfText(text) {
  if (isHex(text)) {
    return text.toLowerCase();
  }
  if (text.length <= 12) {
    const bytes = utf8Encode(text);
    if (bytes.length === 12) {
      return host.hex_encode(bytes);
    }
  }
  throw invalid(text);
}

function isHex(text) {
  return /^[0-9a-fA-F]{24}$/.test(text);
}

function generate(seconds) {
  if (generator === undefined) {
    const hex = host.hex_encode(host.random_bytes(8));
    generator = { random: hex.slice(0, 10), counter: parseInt(hex.slice(10), 16) };
  }
  generator.counter = (generator.counter + 1) % counterRange;
  const counter = generator.counter.toString(16).padStart(6, "0");
  return timeHex(seconds) + generator.random + counter;
}

function timeHex(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) {
    throw invalid(seconds);
  }
  return (Math.floor(seconds) >>> 0).toString(16).padStart(8, "0");
}

function invalid(input) {
  const kind = input === null ? "null" : typeof input;
  const shown = kind === "string" ? `"${input.slice(0, 64)}"` : kind;
  return new TypeError(
    `invalid ObjectId: expected 24 hexadecimal digits or 12 bytes, got ${shown}`,
  );
}
