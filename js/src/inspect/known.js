// How the built-in types and the BSON types print.
//
// Each answer has a text. Where an object has more to show, `items` lists its entries and the text
// is the name before them; `closed` says that own properties are internals and stay unseen.

import { isMatch, replaceMatches } from "../lists.js";
import {
  ArrayBuffer, DataView, Date, Error, Map, Number, Promise, RegExp, Set, WeakMap, WeakSet,
  arrayBufferByteLength, arrayBufferIsView, arrayIsArray, dataViewByteLength, dateGetTime,
  dateToISOString, errorToString, functionToString, jsonStringify, mapForEach, mapSize, mathMin,
  numberIsNaN, objectToString, propertyOf, regExpFlags, regExpSource, setForEach, setSize,
  stringEndsWith, stringSlice, stringStartsWith, stringTrim, stringTrimEnd, typedArrayLength,
} from "../primordials.js";
import { part, viewBytes } from "../bytes.js";
import { boxedValue } from "../boxed.js";
import { bsonTag } from "../bson/type.js";
import { BSON } from "../bson.js";
import { host } from "../host.js";

const bytesShownMax = 50;
export const itemsMax = 100;

export function describeKnown(value, isTop) {
  if (typeof value === "function") {
    return describeFunction(value);
  }
  if (arrayIsArray(value)) {
    return undefined;
  }
  const tag = bsonTag(value);
  if (tag !== undefined) {
    const text = bsonText(tag, value);
    return text === undefined ? undefined : { text, closed: true };
  }
  if (value instanceof Date) {
    return { text: numberIsNaN(dateGetTime(value)) ? "Invalid Date" : dateToISOString(value) };
  }
  if (value instanceof RegExp) {
    return { text: `/${regExpSource(value)}/${regExpFlags(value)}` };
  }
  if (value instanceof Error) {
    return describeError(value, isTop);
  }
  return describeCollection(value) ?? describeBytes(value) ?? describeBoxed(value);
}

function describeFunction(value) {
  if (value === BSON.MinKey || value === BSON.MaxKey) {
    return { text: value === BSON.MinKey ? "MinKey" : "MaxKey", closed: true };
  }
  const name = propertyOf(value, "name")?.value;
  const named = typeof name === "string" && name !== "";
  if (isMatch(/^class\b/, stringSlice(functionToString(value), 0, 8))) {
    return { text: `[class ${named ? name : "(anonymous)"}]` };
  }
  const kind = stringSlice(objectToString(value), 8, -1);
  const shown = stringEndsWith(kind, "Function") ? kind : "Function";
  return { text: named ? `[${shown}: ${name}]` : `[${shown} (anonymous)]` };
}

function bsonText(tag, value) {
  switch (tag) {
    case "ObjectId":
    case "ObjectID":
      return `ObjectId("${value.toHexString()}")`;
    case "Binary":
      return "[object Binary]";
    case "Long":
      return `Long("${value.toString()}")`;
    case "Int32":
    case "Double":
      return `${tag}(${Number(value.valueOf())})`;
    case "Decimal128":
      return `Decimal128("${value.toString()}")`;
    case "BSONRegExp":
      return `BSONRegExp(${jsonStringify(value.pattern)}, ${jsonStringify(value.options)})`;
    case "Timestamp":
      return `Timestamp({ t: ${Number(value.t)}, i: ${Number(value.i)} })`;
    case "MinKey":
    case "MaxKey":
      return tag;
    default:
      return undefined;
  }
}

// At the top the whole stack; inside a value one line, in brackets. The engine's stacks do not
// start with the message, so it is put before them.
function describeError(error, isTop) {
  const head = headOf(error);
  const hidden = ["stack", "message", "name"];
  if (!isTop) {
    return { text: `[${head}]`, hidden };
  }
  const stack = stackOf(error);
  if (typeof stack !== "string" || stringTrim(stack) === "") {
    return { text: head, hidden };
  }
  const trimmed = stringTrimEnd(stack);
  return { text: stringStartsWith(trimmed, head) ? trimmed : `${head}\n${trimmed}`, hidden };
}

// A message may be an object (see runtime/error-messages.js), which shows as its JSON.
function headOf(error) {
  try {
    const { message } = error;
    return typeof message === "object" && message !== null
      ? `${error.name}: ${jsonStringify(message)}`
      : errorToString(error);
  } catch {
    return "Error";
  }
}

// Engines may keep `stack` behind a getter; the engine's own is safe to call.
function stackOf(error) {
  try {
    return error.stack;
  } catch {
    return undefined;
  }
}

function describeCollection(value) {
  if (value instanceof Map) {
    const pairs = [];
    mapForEach(value, (item, key) => {
      if (pairs.length <= itemsMax) {
        pairs[pairs.length] = [key, item];
      }
    });
    return collection("Map", pairs, mapSize(value), "pairs");
  }
  if (value instanceof Set) {
    const values = [];
    setForEach(value, (item) => {
      if (values.length <= itemsMax) {
        values[values.length] = item;
      }
    });
    return collection("Set", values, setSize(value), "values");
  }
  if (value instanceof Promise) {
    return { text: "Promise {}", closed: true };
  }
  if (value instanceof WeakMap || value instanceof WeakSet) {
    const name = value instanceof WeakMap ? "WeakMap" : "WeakSet";
    return { text: `${name} { <items unknown> }`, closed: true };
  }
  return undefined;
}

function collection(name, values, size, kind) {
  return { text: `${name}(${size})`, items: { values, size, kind } };
}

function describeBytes(value) {
  if (value instanceof ArrayBuffer) {
    return { text: `ArrayBuffer { byteLength: ${arrayBufferByteLength(value)} }`, closed: true };
  }
  if (!arrayBufferIsView(value)) {
    return undefined;
  }
  if (value instanceof DataView) {
    return { text: `DataView { byteLength: ${dataViewByteLength(value)} }`, closed: true };
  }
  if (/** @type {any} */ (value)._isBuffer === true) {
    return { text: bufferText(viewBytes(value)), closed: true };
  }
  const name = stringSlice(objectToString(value), 8, -1);
  const size = typedArrayLength(value);
  return {
    text: `${name}(${size})`,
    brackets: "[]",
    closed: true,
    items: { values: value, size, kind: "values" },
  };
}

function bufferText(bytes) {
  const length = typedArrayLength(bytes);
  const first = host.hex_encode(part(bytes, 0, mathMin(length, bytesShownMax)));
  const shown = replaceMatches(first, /..(?=.)/g, (digits) => `${digits} `);
  const rest = length - bytesShownMax;
  return rest > 0 ? `<Buffer ${shown} ... ${rest} more bytes>` : `<Buffer${shown && ` ${shown}`}>`;
}

function describeBoxed(value) {
  const inner = boxedValue(value);
  switch (typeof inner) {
    case "string":
      return { text: `[String: ${jsonStringify(inner)}]`, closed: true };
    case "number":
      return { text: `[Number: ${inner}]`, closed: true };
    case "boolean":
      return { text: `[Boolean: ${inner}]`, closed: true };
    default:
      return undefined;
  }
}
