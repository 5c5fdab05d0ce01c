// Binary: bytes with a subtype, the type of `request.body`.
//
// It prints as "[object Binary]" and has no text of its own until `text()` is called, which is
// what functions that log a request body have always seen.

import {
  Number, String, TypeError, Uint8Array, arrayIsArray, numberIsInteger, numberToString, propertyOf,
  stringPadStart, symbolToStringTag, typedArrayLength,
} from "../primordials.js";
import { bytesFrom, part, viewBytes } from "../bytes.js";
import { utf8Decode, utf8Encode } from "../encodings.js";
import { host } from "../host.js";
import { bufferOf } from "../buffer.js";
import { BsonValue, defineType } from "./type.js";

let untouched;
let untouchedText;

// The text of a Binary that comes from the host, as long as nobody has looked at its bytes.
export function lazyText(binary, load) {
  untouched = binary;
  untouchedText = load;
}

export class BinaryMethods extends BsonValue {
  static fromHex(text, subType = 0) {
    return new Binary(decode(host.hex_decode, text, "hexadecimal"), subType);
  }

  static fromBase64(text, subType = 0) {
    return new Binary(decode(host.base64_decode, text, "base64"), subType);
  }

  static fromText(text, subType = 0) {
    return new Binary(String(text), subType);
  }

  get subtype() {
    return this.sub_type;
  }

  get subType() {
    return this.sub_type;
  }

  // The same memory as a Buffer. A getter, so that a request that never asks never pays.
  get buffer() {
    return bufferOf(this._bytes);
  }

  get [symbolToStringTag]() {
    return "Binary";
  }

  length() {
    return typedArrayLength(this._bytes);
  }

  value() {
    return this.buffer;
  }

  text() {
    const isUntouched = this === untouched && propertyOf(this, "_bytes")?.get !== undefined;
    return isUntouched ? untouchedText() : utf8Decode(this._bytes);
  }

  toHex() {
    return host.hex_encode(this._bytes);
  }

  toBase64() {
    return host.base64_encode(this._bytes);
  }

  toJSON() {
    const subType = stringPadStart(numberToString(Number(this.sub_type), 16), 2, "0");
    return { $binary: { base64: this.toBase64(), subType } };
  }
}

export const Binary = defineType(function Binary(input, subType = 0) {
  if (!new.target) {
    return new Binary(input, subType);
  }
  if (!numberIsInteger(subType) || subType < 0 || subType > 255) {
    throw new TypeError(`invalid Binary: subtype ${String(subType)} is not in 0 to 255`);
  }
  this._bytes = bytesOf(input);
  this.sub_type = subType;
}, "Binary", BinaryMethods);

// The bytes of a Binary, ours or one that another BSON library made.
export function binaryBytes(binary) {
  if (binary._bytes instanceof Uint8Array) {
    return binary._bytes;
  }
  const bytes = viewBytes(binary.buffer);
  if (bytes === undefined) {
    throw new TypeError("invalid Binary: it holds no bytes");
  }
  return part(bytes, 0, binary.position ?? typedArrayLength(bytes));
}

export function bytesOf(input) {
  if (input === undefined || input === null) {
    return new Uint8Array(0);
  }
  if (typeof input === "string") {
    return utf8Encode(input);
  }
  const bytes = viewBytes(input);
  if (bytes !== undefined) {
    return bytes;
  }
  if (input instanceof BsonValue && input._bytes !== undefined) {
    return input._bytes;
  }
  if (arrayIsArray(input)) {
    return bytesFrom(input);
  }
  throw new TypeError(`invalid Binary: expected bytes or a string, got ${typeof input}`);
}

function decode(decoder, text, form) {
  if (typeof text !== "string") {
    throw new TypeError(`invalid Binary: expected ${form} text, got ${typeof text}`);
  }
  try {
    return new Uint8Array(decoder(text));
  } catch {
    throw new TypeError(`invalid Binary: the text is not ${form}`);
  }
}
