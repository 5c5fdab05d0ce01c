// Properties like those of the language, and some that are made when somebody looks: most functions
// look at few of what they get.

import { objectDefineProperty } from "./primordials.js";

// Gives `target` a property as plain as an assignment would make it.
export function define(target, name, value, enumerable = false) {
  // A bundler renames a class that refers to itself, and the name shows in logs.
  if (typeof value === "function" && value.name !== name) {
    objectDefineProperty(value, "name", { __proto__: null, value: name, configurable: true });
  }
  objectDefineProperty(target, name, {
    __proto__: null, value, writable: true, enumerable, configurable: true,
  });
}

// Gives `target` a property whose value `load` makes at the first look; an assignment replaces it
// as it would replace a plain value.
export function defineLazily(target, name, load, enumerable = true) {
  objectDefineProperty(target, name, {
    __proto__: null,
    get: () => {
      const value = load();
      define(target, name, value, enumerable);
      return value;
    },
    set: (value) => objectDefineProperty(target, name, {
      __proto__: null, value, writable: true, enumerable, configurable: true,
    }),
    enumerable,
    configurable: true,
  });
}
