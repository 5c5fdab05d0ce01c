// UUID: a Binary of subtype 4 that reads as a UUID. It is stored and sent like any other Binary.

import { host } from "../host.js";
import { isMatch, replaceText } from "../lists.js";
import {
  TypeError, Uint8Array, objectDefineProperty, stringSlice, typedArrayLength,
} from "../primordials.js";
import { BinaryMethods, bytesOf } from "./binary.js";
import { defineType } from "./type.js";

const SUBTYPE = 4;

export const UUID = defineType(function UUID(input) {
  if (!new.target) {
    return new UUID(input);
  }
  this._bytes = uuidBytes(input);
  this.sub_type = SUBTYPE;
}, "Binary", class extends BinaryMethods {
  static generate() {
    return new UUID();
  }

  static createFromHexString(text) {
    return new UUID(text);
  }

  static isValid(input) {
    try {
      return input !== undefined && input !== null && typedArrayLength(uuidBytes(input)) === 16;
    } catch {
      return false;
    }
  }

  toHexString(includeDashes = true) {
    const hex = this.toHex();
    if (!includeDashes) {
      return hex;
    }
    const piece = (start, end) => stringSlice(hex, start, end);
    return `${piece(0, 8)}-${piece(8, 12)}-${piece(12, 16)}-${piece(16, 20)}-${piece(20, 32)}`;
  }

  toString() {
    return this.toHexString();
  }

  equals(other) {
    return UUID.isValid(other) && new UUID(other).toHex() === this.toHex();
  }
});
objectDefineProperty(UUID, "name", { value: "UUID", configurable: true });

function uuidBytes(input) {
  if (input === undefined || input === null) {
    return uuidBytes(host.random_uuid());
  }
  if (typeof input === "string") {
    if (!isMatch(/^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i, input)) {
      throw new TypeError("invalid UUID: expected 32 hexadecimal digits");
    }
    return new Uint8Array(host.hex_decode(replaceText(input, "-", "")));
  }
  const bytes = bytesOf(input);
  const length = typedArrayLength(bytes);
  if (length !== 16) {
    throw new TypeError(`invalid UUID: expected 16 bytes, got ${length}`);
  }
  return bytes;
}
