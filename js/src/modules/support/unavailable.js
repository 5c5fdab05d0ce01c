// Modules that a function can load and not use. Packages require them and often never call them, or
// make classes out of theirs.

import { Error } from "hookstead:internals";

/**
 * A module whose functions and classes throw when they are called, by their names.
 *
 * @returns {any}
 */
export function unavailable(module, names, values = {}) {
  const members = { ...values };
  for (let index = 0; index < names.length; index++) {
    members[names[index]] = refusing(`${module}.${names[index]}`);
  }
  return members;
}

// A function and no arrow: classes are made out of it.
function refusing(name) {
  return function () {
    const error = new Error(`${name} is not supported by Hookstead`);
    error.code = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
    throw error;
  };
}
