// Int32: an integer of 32 bits.

import { TypeError } from "../primordials.js";
import { NumberMethods, numberOf } from "./number-value.js";
import { defineType } from "./type.js";

export const Int32 = defineType(function Int32(input = 0) {
  if (!new.target) {
    return new Int32(input);
  }
  this.value = numberOf(input, "Int32") | 0;
}, "Int32", class extends NumberMethods {
  static fromString(text) {
    const number = numberOf(text, "Int32");
    if (number !== (number | 0)) {
      throw new TypeError(`invalid Int32: ${text} does not fit`);
    }
    return new Int32(number);
  }
});
