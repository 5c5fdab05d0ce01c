// Double: a floating-point number of 64 bits.

import { NumberMethods, numberOf } from "./number-value.js";
import { defineType } from "./type.js";

export const Double = defineType(function Double(input = 0) {
  if (!new.target) {
    return new Double(input);
  }
  this.value = numberOf(input, "Double");
}, "Double", class extends NumberMethods {
  static fromString(text) {
    return new Double(numberOf(text, "Double"));
  }
});
