// How deep a value may be nested on its way in or out.
//
// MongoDB itself stops at 100 levels. A limit of our own turns hostile depth into an ordinary
// error long before the engine's stack is used up.

import { RangeError, objectDefineProperty } from "../primordials.js";

export const nestingMax = 200;

export function tooDeep() {
  return new RangeError(`value is nested deeper than ${nestingMax} levels`);
}

// Assignment to `__proto__` would change the object instead of giving it a key.
export function setOwn(object, key, value) {
  if (key === "__proto__") {
    objectDefineProperty(object, key, {
      __proto__: null, value, writable: true, enumerable: true, configurable: true,
    });
  } else {
    object[key] = value;
  }
}
