// Decimal128: a decimal number of up to 34 digits, kept in its canonical text.
//
// Nothing calculates with it here; what matters is that the text is valid, that equal values of
// equal precision have one text, and that no digit is lost on the way to the database and back.

import { isMatch } from "../lists.js";
import {
  Number, String, TypeError, mathMax, mathMin, objectIs, regExpExec, stringPadStart, stringRepeat,
  stringSlice,
} from "../primordials.js";
import { BsonValue, defineType } from "./type.js";

const digitsMax = 34;
const exponentMax = 6111;
const exponentMin = -6176;

export const Decimal128 = defineType(function Decimal128(input) {
  if (!new.target) {
    return new Decimal128(input);
  }
  this._text = canonical(typeof input === "string" ? input : numericText(input));
}, "Decimal128", class extends BsonValue {
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
  return objectIs(input, -0) ? "-0" : String(input);
}

function canonical(text) {
  const special = regExpExec(/^([+-]?)(?:(nan)|inf(?:inity)?)$/i, text);
  if (special !== null) {
    return special[2] !== undefined ? "NaN" : `${special[1] === "-" ? "-" : ""}Infinity`;
  }
  const match = regExpExec(/^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/, text);
  if (match === null) {
    throw invalid(text, "is not a decimal number");
  }
  const fraction = match[3] ?? match[4] ?? "";
  const all = (match[2] ?? "") + fraction;
  const digits = stringSlice(all, regExpExec(/^0*(?=\d)/, all)[0].length);
  const exponent = Number(match[5] ?? 0) - fraction.length;
  const sign = match[1] === "-" ? "-" : "";
  const fitted = fit(text, digits, exponent);
  return sign + format(fitted[0], fitted[1]);
}

// Brings digits and exponent into range where that changes the form only, never the value.
function fit(text, digits, exponent) {
  if (digits === "0") {
    return [digits, mathMin(mathMax(exponent, exponentMin), exponentMax)];
  }
  const excess = mathMax(digits.length - digitsMax, exponentMin - exponent);
  if (excess > 0) {
    if (excess >= digits.length || !isMatch(/^0+$/, stringSlice(digits, digits.length - excess))) {
      throw invalid(text, "needs rounding to fit 34 digits");
    }
    digits = stringSlice(digits, 0, digits.length - excess);
    exponent += excess;
  }
  const padding = exponent - exponentMax;
  if (padding > 0) {
    if (digits.length + padding > digitsMax) {
      throw invalid(text, "is too large");
    }
    digits += stringRepeat("0", padding);
    exponent = exponentMax;
  }
  return [digits, exponent];
}

function format(digits, exponent) {
  const adjusted = exponent + digits.length - 1;
  if (exponent > 0 || adjusted < -6) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${stringSlice(digits, 1)}` : digits;
    return `${mantissa}E${adjusted < 0 ? "" : "+"}${adjusted}`;
  }
  if (exponent === 0) {
    return digits;
  }
  const padded = stringPadStart(digits, 1 - exponent, "0");
  const point = padded.length + exponent;
  return `${stringSlice(padded, 0, point)}.${stringSlice(padded, point)}`;
}

function invalid(text, why) {
  return new TypeError(`invalid Decimal128: "${stringSlice(text, 0, 64)}" ${why}`);
}
