// What functions pass to the methods of a collection, looked at before it goes anywhere: the error
// then names the method and the argument.

import { FunctionError } from "../errors.js";

export function requireName(name, what) {
  if (typeof name !== "string" || name === "") {
    throw new FunctionError(`the name of a ${what} must be a string, and not empty`);
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

export function requireDocument(value, method, what) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = Array.isArray(value) ? "an array" : kindOf(value);
    throw new FunctionError(`${method}: the ${what} must be a document, and it is ${kind}`);
  }
  return value;
}

export function requireDocuments(value, method, what) {
  if (!Array.isArray(value)) {
    throw new FunctionError(`${method}: the ${what} must be an array of documents`);
  }
  value.forEach((item) => requireDocument(item, method, what));
  return value;
}

// How many documents at most. A negative limit asks for as many, in one batch, as with drivers.
export function requireLimit(value) {
  const number = Number(value);
  if (!Number.isInteger(number)) {
    throw new FunctionError("limit: expected a whole number");
  }
  return Math.abs(number);
}

// A whole number that is not negative.
export function requireCount(value, method) {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) {
    throw new FunctionError(`${method}: expected a whole number that is not negative`);
  }
  return number;
}

function kindOf(value) {
  return value === undefined || value === null ? String(value) : `a ${typeof value}`;
}
