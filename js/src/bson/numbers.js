// Int32 and Double: numbers that insist on their width when they are stored or sent.
//
// Arithmetic goes through `valueOf`, so that they can stand wherever a number can.

import { BsonValue, defineType } from "./type.js";
import { Number, TypeError, numberIsNaN, numberToString, stringTrim } from "../primordials.js";

export function Int32(input = 0) {
  if (!new.target) {
    return new Int32(input);
  }
  this.value = numberOf(input, "Int32") | 0;
}

export function Double(input = 0) {
  if (!new.target) {
    return new Double(input);
  }
  this.value = numberOf(input, "Double");
}

class NumberMethods extends BsonValue {
  valueOf() {
    return this.value;
  }

  toString(radix) {
    return numberToString(this.value, radix);
  }

  toJSON() {
    return this.value;
  }
}

defineType(Int32, "Int32", class extends NumberMethods {
  static fromString(text) {
    const number = numberOf(text, "Int32");
    if (number !== (number | 0)) {
      throw new TypeError(`invalid Int32: ${text} does not fit`);
    }
    return new Int32(number);
  }
});

defineType(Double, "Double", class extends NumberMethods {
  static fromString(text) {
    return new Double(numberOf(text, "Double"));
  }
});

function numberOf(input, type) {
  const number = typeof input === "number" ? input : Number(input);
  const isNumeric = !numberIsNaN(number) || numberIsNaN(input) || input === "NaN";
  if (!isNumeric || (typeof input === "string" && stringTrim(input) === "")) {
    throw new TypeError(`invalid ${type}: expected a number, got ${typeof input}`);
  }
  return number;
}
