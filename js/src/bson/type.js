// What every BSON type has in common: it is a constructor that also works without `new`.
//
// Within a function, `toJSON` gives extended JSON where plain JSON has no form
// (docs/behaviour/bson.md#json-within-functions). The shapes of results in JSON mode are those of
// `ejson/write-bson.js`.
//
// Functions in the wild write `BSON.ObjectId(x)` more often than `new BSON.ObjectId(x)`, which a
// class does not allow. So each type is a plain function, and takes its methods from a class body.
// The types of this file are in type.d.ts.

import { objectDefineProperty, objectHasOwn, objectSetPrototypeOf } from "../primordials.js";

export class BsonValue {}

// Gives `Type` the methods of `body`, and the tag by which BSON libraries know each other's
// values. It sits on the prototype: an own `_bsontype`, which a body can carry, is no proof.
// This runs for every type at the start of every run, so it assigns where it can: the properties
// of a class and of a function already have the right attributes.
export function defineType(Type, tag, body) {
  const prototype = body.prototype;
  prototype.constructor = Type;
  hide(prototype, "_bsontype", tag);
  Type.prototype = prototype;
  // Static methods are inherited, which costs one step instead of one for each of them.
  objectSetPrototypeOf(Type, body);
  if (Type.name !== tag) {
    objectDefineProperty(Type, "name", { value: tag, configurable: true });
  }
  return Type;
}

export function hide(object, name, value) {
  objectDefineProperty(object, name, { value, writable: true, configurable: true });
}

// The tag of a BSON value, ours or another library's; undefined for all other objects.
export function bsonTag(value) {
  const tag = value._bsontype;
  if (typeof tag !== "string" || objectHasOwn(value, "_bsontype")) {
    return undefined;
  }
  return tag;
}
