// Long: a 64-bit integer, kept as two halves as the platform documents it
// (docs/behaviour/bson.md#types).
//
// `BSON.Long(low, high)` is high * 2^32 + low. Arithmetic is done on BigInt and wraps at 64 bits.

import {
  BigInt, Boolean, Number, RangeError, String, TypeError, bigIntAsIntN, bigIntAsUintN,
  bigIntToString, mathTrunc, numberIsFinite, numberIsNaN, numberIsSafeInteger, parseInt, regExpExec,
  stringSlice, stringTrim,
} from "../primordials.js";
import { BsonValue, defineType } from "./type.js";

class LongMethods extends BsonValue {
  static fromNumber(number, unsigned) {
    return numberIsFinite(number) ? make(integerOf(number), unsigned) : make(0n, unsigned);
  }

  static fromInt(number, unsigned) {
    return make(BigInt(number | 0), unsigned);
  }

  static fromBits(low, high, unsigned) {
    return new Long(low | 0, high | 0, unsigned);
  }

  static fromBigInt(integer, unsigned) {
    return make(integer, unsigned);
  }

  static fromValue(input, unsigned) {
    return make(integerOf(input), unsigned);
  }

  static fromString(text, unsigned, radix = 10) {
    return make(parse(String(text), typeof unsigned === "number" ? unsigned : radix),
      unsigned === true);
  }

  static isLong(value) {
    return value instanceof Long;
  }

  static get ZERO() {
    return make(0n);
  }

  static get ONE() {
    return make(1n);
  }

  static get NEG_ONE() {
    return make(-1n);
  }

  static get MAX_VALUE() {
    return make((1n << 63n) - 1n);
  }

  static get MIN_VALUE() {
    return make(-(1n << 63n));
  }

  toBigInt() {
    const bits = (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
    return this.unsigned ? bits : bigIntAsIntN(64, bits);
  }

  toNumber() {
    const high = this.unsigned ? this.high >>> 0 : this.high;
    return high * 4294967296 + (this.low >>> 0);
  }

  toInt() {
    return this.low;
  }

  valueOf() {
    return this.toNumber();
  }

  toString(radix) {
    return bigIntToString(this.toBigInt(), radix);
  }

  // Text where a number would lose digits, as a plain JSON number cannot hold them.
  toJSON() {
    const number = this.toNumber();
    return numberIsSafeInteger(number) ? number : this.toString();
  }

  add(other) {
    return make(this.toBigInt() + integerOf(other), this.unsigned);
  }

  subtract(other) {
    return make(this.toBigInt() - integerOf(other), this.unsigned);
  }

  multiply(other) {
    return make(this.toBigInt() * integerOf(other), this.unsigned);
  }

  divide(other) {
    return make(this.toBigInt() / divisorOf(other), this.unsigned);
  }

  modulo(other) {
    return make(this.toBigInt() % divisorOf(other), this.unsigned);
  }

  negate() {
    return make(-this.toBigInt(), this.unsigned);
  }

  not() {
    return make(~this.toBigInt(), this.unsigned);
  }

  and(other) {
    return make(this.toBigInt() & integerOf(other), this.unsigned);
  }

  or(other) {
    return make(this.toBigInt() | integerOf(other), this.unsigned);
  }

  xor(other) {
    return make(this.toBigInt() ^ integerOf(other), this.unsigned);
  }

  shiftLeft(bits) {
    return make(this.toBigInt() << shiftOf(bits), this.unsigned);
  }

  shiftRight(bits) {
    return make(this.toBigInt() >> shiftOf(bits), this.unsigned);
  }

  shiftRightUnsigned(bits) {
    return make(bigIntAsUintN(64, this.toBigInt()) >> shiftOf(bits), this.unsigned);
  }

  compare(other) {
    const left = this.toBigInt();
    const right = integerOf(other);
    return left === right ? 0 : left < right ? -1 : 1;
  }

  equals(other) {
    return this.compare(other) === 0;
  }

  notEquals(other) {
    return this.compare(other) !== 0;
  }

  lessThan(other) {
    return this.compare(other) < 0;
  }

  lessThanOrEqual(other) {
    return this.compare(other) <= 0;
  }

  greaterThan(other) {
    return this.compare(other) > 0;
  }

  greaterThanOrEqual(other) {
    return this.compare(other) >= 0;
  }

  isZero() {
    return this.low === 0 && this.high === 0;
  }

  isNegative() {
    return !this.unsigned && this.high < 0;
  }

  isOdd() {
    return (this.low & 1) === 1;
  }

  isEven() {
    return (this.low & 1) === 0;
  }

  getLowBits() {
    return this.low;
  }

  getHighBits() {
    return this.high;
  }

  getLowBitsUnsigned() {
    return this.low >>> 0;
  }

  getHighBitsUnsigned() {
    return this.high >>> 0;
  }
}

export const Long = defineType(function Long(low = 0, high = undefined, unsigned = false) {
  if (!new.target) {
    return new Long(low, high, unsigned);
  }
  this.low = 0;
  this.high = 0;
  this.unsigned = Boolean(unsigned);
  if (high === undefined) {
    setValue(this, integerOf(low));
  } else if (isInt32(low) && isInt32(high)) {
    this.low = low | 0;
    this.high = high | 0;
  } else {
    // A negative low half is the bit pattern of a large one, as other BSON libraries have it.
    const lowHalf = integerOf(low);
    const carried = isInt32(low) ? bigIntAsUintN(32, lowHalf) : lowHalf;
    setValue(this, (integerOf(high) << 32n) + carried);
  }
}, "Long", LongMethods);

function make(integer, unsigned) {
  const long = new Long(0, 0, unsigned);
  setValue(long, integer);
  return long;
}

function setValue(long, integer) {
  long.low = Number(bigIntAsIntN(32, integer));
  long.high = Number(bigIntAsIntN(32, integer >> 32n));
}

function isInt32(value) {
  return typeof value === "number" && value === (value | 0);
}

function integerOf(input) {
  switch (typeof input) {
    case "bigint":
      return input;
    case "string":
      return parse(input, 10);
    case "number":
      if (numberIsFinite(input)) {
        return BigInt(mathTrunc(input));
      }
      break;
    case "object":
      if (input instanceof Long) {
        return input.toBigInt();
      }
      if (input !== null && typeof input.valueOf() === "number") {
        return integerOf(input.valueOf());
      }
      break;
  }
  throw new TypeError(`invalid Long: expected an integer, got ${typeof input}`);
}

function divisorOf(input) {
  const divisor = integerOf(input);
  if (divisor === 0n) {
    throw new RangeError("division of a Long by zero");
  }
  return divisor;
}

function shiftOf(bits) {
  return BigInt(Number(bits) & 63);
}

function parse(text, radix) {
  const match = regExpExec(/^([+-]?)([0-9a-zA-Z]+)$/, stringTrim(text));
  if (match === null || !(radix >= 2 && radix <= 36) || text.length > 80) {
    throw invalidText(text);
  }
  let integer = 0n;
  const digits = match[2];
  for (let index = 0; index < digits.length; index++) {
    const value = parseInt(digits[index], radix);
    if (numberIsNaN(value)) {
      throw invalidText(text);
    }
    integer = integer * BigInt(radix) + BigInt(value);
  }
  return match[1] === "-" ? -integer : integer;
}

function invalidText(text) {
  return new TypeError(`invalid Long: "${stringSlice(text, 0, 64)}" is not an integer`);
}
