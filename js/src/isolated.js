// Objects that keep their rights when a function changes the language: a system function and the
// function of a user share the language within a run.

import {
  objectCreate, objectDefineProperty, objectFreeze, objectGetPrototypeOf, objectPrototype,
  objectSetPrototypeOf, propertyOf, reflectOwnKeys,
} from "./primordials.js";

// Like `Object.prototype`, and nobody can change it. A getter that a function puts on
// `Object.prototype` would be called with every object in which somebody looks for a property that
// is not there.
const root = objectCreate(null);

const names = reflectOwnKeys(objectPrototype);
for (let index = 0; index < names.length; index++) {
  const property = /** @type {PropertyDescriptor} */ (propertyOf(objectPrototype, names[index]));
  objectDefineProperty(root, names[index], property);
}
objectFreeze(root);

/** An object that inherits nothing that functions can change. */
export function withFixedRoot(object) {
  return objectSetPrototypeOf(object, root);
}

/**
 * Fixes a class, what it inherits from, and its methods: replaced, they would be called with the
 * objects of others.
 */
export function isolate(Class) {
  const { prototype } = Class;
  if (objectGetPrototypeOf(prototype) === objectPrototype) {
    objectSetPrototypeOf(prototype, root);
  }
  objectFreeze(prototype);
  objectFreeze(Class);
}
