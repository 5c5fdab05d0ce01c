// The primitive values of the objects that `new Number(1)` and its like make.

import {
  Boolean, Number, String, booleanValueOf, numberValueOf, stringValueOf,
} from "./primordials.js";

// `undefined` for every other object.
export function boxedValue(object) {
  if (object instanceof Number) {
    return numberValueOf(object);
  }
  if (object instanceof String) {
    return stringValueOf(object);
  }
  return object instanceof Boolean ? booleanValueOf(object) : undefined;
}
