// What Int32 and Double have in common: numbers that insist on their width when they are stored or
// sent.
//
// Arithmetic goes through `valueOf`, so that they can stand wherever a number can.

import { Number, TypeError, numberIsNaN, numberToString, stringTrim } from "../primordials.js";
import { BsonValue } from "./type.js";

export class NumberMethods extends BsonValue {
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

export function numberOf(input, type) {
  const number = typeof input === "number" ? input : Number(input);
  const isNumeric = !numberIsNaN(number) || numberIsNaN(input) || input === "NaN";
  if (!isNumeric || (typeof input === "string" && stringTrim(input) === "")) {
    throw new TypeError(`invalid ${type}: expected a number, got ${typeof input}`);
  }
  return number;
}
