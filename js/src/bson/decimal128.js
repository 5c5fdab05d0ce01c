// Decimal128: a decimal number of up to 34 digits, kept in its canonical text.
//
// Nothing calculates with it here; what matters is that the text is valid, that equal values of
// equal precision have one text, and that no digit is lost on the way to the database and back.

import { BsonValue, defineType } from "./type.js";

const digitsMax = 34;
const exponentMax = 6111;
const exponentMin = -6176;

export function Decimal128(input) {
  if (!new.target) {
    return new Decimal128(input);
  }
  this._text = canonical(typeof input === "string" ? input : numericText(input));
}

defineType(Decimal128, "Decimal128", class extends BsonValue {
  static fromString(text) {
    if (typeof text !== "string") {
      throw new TypeError(`invalid Decimal128: expected a string, got ${typeof text}`);
    }
    return new Decimal128(text);
  }

  toString() {
    return this._text;
  }

  toJSON() {
    return { $numberDecimal: this._text };
  }
});

function numericText(input) {
  const isNumeric = typeof input === "number" || typeof input === "bigint" ||
    input instanceof BsonValue;
  if (!isNumeric) {
    throw new TypeError(`invalid Decimal128: expected a string, got ${typeof input}`);
  }
  return Object.is(input, -0) ? "-0" : String(input);
}

function canonical(text) {
  const special = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i.exec(text);
  if (special !== null) {
    return special[2] !== undefined ? "NaN" : `${special[1] === "-" ? "-" : ""}Infinity`;
  }
  const match = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) {
    throw invalid(text, "is not a decimal number");
  }
  const fraction = match[3] ?? match[4] ?? "";
  const digits = ((match[2] ?? "") + fraction).replace(/^0+(?=\d)/, "");
  const exponent = Number(match[5] ?? 0) - fraction.length;
  const sign = match[1] === "-" ? "-" : "";
  return sign + format(...fit(text, digits, exponent));
}

// Brings digits and exponent into range where that changes the form only, never the value.
function fit(text, digits, exponent) {
  if (digits === "0") {
    return [digits, Math.min(Math.max(exponent, exponentMin), exponentMax)];
  }
  const excess = Math.max(digits.length - digitsMax, exponentMin - exponent);
  if (excess > 0) {
    if (excess >= digits.length || !/^0+$/.test(digits.slice(digits.length - excess))) {
      throw invalid(text, "needs rounding to fit 34 digits");
    }
    digits = digits.slice(0, digits.length - excess);
    exponent += excess;
  }
  const padding = exponent - exponentMax;
  if (padding > 0) {
    if (digits.length + padding > digitsMax) {
      throw invalid(text, "is too large");
    }
    digits += "0".repeat(padding);
    exponent = exponentMax;
  }
  return [digits, exponent];
}

function format(digits, exponent) {
  const adjusted = exponent + digits.length - 1;
  if (exponent > 0 || adjusted < -6) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    return `${mantissa}E${adjusted < 0 ? "" : "+"}${adjusted}`;
  }
  if (exponent === 0) {
    return digits;
  }
  const padded = digits.padStart(1 - exponent, "0");
  const point = padded.length + exponent;
  return `${padded.slice(0, point)}.${padded.slice(point)}`;
}

function invalid(text, why) {
  return new TypeError(`invalid Decimal128: "${text.slice(0, 64)}" ${why}`);
}
