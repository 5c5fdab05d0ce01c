// Timestamp: seconds and a counter, MongoDB's own type for its log of operations.

import { Long } from "./long.js";
import { BsonValue, defineType } from "./type.js";
import { BigInt, Number, String, TypeError } from "../primordials.js";

export const Timestamp = defineType(function Timestamp(input, high) {
  if (!new.target) {
    return new Timestamp(input, high);
  }
  const parts = timestampParts(input, high);
  this.t = parts.t;
  this.i = parts.i;
}, "Timestamp", class extends BsonValue {
  getHighBits() {
    return this.t;
  }

  getLowBits() {
    return this.i;
  }

  toString() {
    return String((BigInt(this.t) << 32n) | BigInt(this.i));
  }

  toJSON() {
    return { $timestamp: { t: this.t, i: this.i } };
  }
});

// { t, i }, a 64-bit value, or the two halves in the order in which Long takes them.
function timestampParts(input, high) {
  if (typeof input === "number" && high !== undefined) {
    return { t: uint32(high), i: uint32(input) };
  }
  if (input === undefined || typeof input === "number" || typeof input === "bigint") {
    input = new Long(input ?? 0);
  }
  if (input instanceof Long) {
    return { t: input.high >>> 0, i: input.low >>> 0 };
  }
  return { t: uint32(input?.t), i: uint32(input?.i) };
}

function uint32(input) {
  const number = Number(input);
  if (!(number >= -0x80000000 && number <= 0xffffffff)) {
    throw new TypeError("invalid Timestamp: expected { t, i } with 32-bit integers");
  }
  return number >>> 0;
}
