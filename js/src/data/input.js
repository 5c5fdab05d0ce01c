// What functions pass to the methods of a collection, looked at before it goes anywhere: the error
// then names the method and the argument.

import { isMatch } from "../lists.js";
import {
  Boolean, Date, Number, RegExp, Set, String, arrayIsArray, mathAbs, numberIsInteger,
  objectGetPrototypeOf, objectPrototype,
} from "../primordials.js";
import { viewBytes } from "../bytes.js";
import { bsonTag } from "../bson.js";
import { FunctionError } from "../errors.js";

export function requireName(name, what) {
  if (typeof name !== "string" || name === "") {
    const given = name === "" ? "empty" : name === null ? "null" : typeof name;
    throw new FunctionError(`${what} must be a string, and not ${given}`);
  }
  return name;
}

// A document that may be left out.
export function document(value, method, what) {
  if (value === undefined || value === null) {
    return {};
  }
  return requireDocument(value, method, what);
}

// What an option says; `undefined` where it says nothing.
export function optionalDocument(value, method, what) {
  if (value === undefined || value === null) {
    return undefined;
  }
  return requireDocument(value, method, what);
}

// An id where a filter belongs, or a promise that nobody awaited, would find every document, so
// what only looks like a document is none.
export function requireDocument(value, method, what) {
  return requirePlain(value, method, `the ${what}`);
}

export function requireDocuments(value, method, what) {
  if (!arrayIsArray(value)) {
    throw new FunctionError(`${method}: the ${what} must be an array of documents`);
  }
  for (let index = 0; index < value.length; index++) {
    requirePlain(value[index], method, `each of the ${what}`);
  }
  return value;
}

function requirePlain(value, method, what) {
  const kind = kindOf(value);
  if (kind !== undefined) {
    throw new FunctionError(`${method}: ${what} must be a document, and it is ${kind}`);
  }
  return value;
}

// How many documents at most. A negative limit asks for as many, in one batch, as with drivers.
export function requireLimit(value, method) {
  const number = Number(value);
  if (!numberIsInteger(number)) {
    throw new FunctionError(`${method}: expected a whole number`);
  }
  return mathAbs(number);
}

// The same for an option that may be left out.
export function optionalLimit(value, method) {
  return value === undefined || value === null ? undefined : requireLimit(value, method);
}

// A whole number that is not negative.
export function requireCount(value, method) {
  const number = Number(value);
  if (!numberIsInteger(number) || number < 0) {
    throw new FunctionError(`${method}: expected a whole number that is not negative`);
  }
  return number;
}

// The same for an option that may be left out.
export function optionalCount(value, method) {
  return value === undefined || value === null ? undefined : requireCount(value, method);
}

const NOT_DOCUMENTS = [
  { name: "Date", Class: Date },
  { name: "RegExp", Class: RegExp },
  { name: "Set", Class: Set },
  { name: "String", Class: String },
  { name: "Number", Class: Number },
  { name: "Boolean", Class: Boolean },
];

// What a value is, in words; `undefined` for a document.
export function kindOf(value) {
  if (typeof value !== "object" || value === null) {
    return value === undefined || value === null ? String(value) : `a ${typeof value}`;
  }
  if (arrayIsArray(value)) {
    return "an array";
  }
  // Nearly all of them.
  if (objectGetPrototypeOf(value) === objectPrototype) {
    return undefined;
  }
  const tag = bsonTag(value);
  if (tag !== undefined && tag !== "DBRef") {
    return `${isMatch(/^[AEIOU]/, tag) ? "an" : "a"} ${tag}`;
  }
  if (typeof value.then === "function") {
    return "a Promise: an await may be missing";
  }
  for (let index = 0; index < NOT_DOCUMENTS.length; index++) {
    const { name, Class } = NOT_DOCUMENTS[index];
    if (value instanceof Class) {
      return `a ${name}`;
    }
  }
  return viewBytes(value) === undefined ? undefined : "bytes";
}

// What an update says: operators, or the stages of a pipeline.
export function modification(update, method) {
  return arrayIsArray(update)
    ? requireDocuments(update, method, "stages")
    : requireDocument(update, method, "update");
}
