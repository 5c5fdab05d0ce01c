// How the built-in types and the BSON types print.
//
// Each answer has a text. Where an object has more to show, `items` lists its entries and the text
// is the name before them; `closed` says that own properties are internals and stay unseen.

import { bsonTag } from "../bson/type.js";
import { BSON } from "../bson.js";
import { viewBytes } from "../bytes.js";
import { host } from "../host.js";

const bytesShownMax = 50;

export function describeKnown(value, isTop) {
  if (typeof value === "function") {
    return describeFunction(value);
  }
  if (Array.isArray(value)) {
    return undefined;
  }
  const tag = bsonTag(value);
  if (tag !== undefined) {
    const text = bsonText(tag, value);
    return text === undefined ? undefined : { text, closed: true };
  }
  if (value instanceof Date) {
    const time = Date.prototype.getTime.call(value);
    return { text: Number.isNaN(time) ? "Invalid Date" : new Date(time).toISOString() };
  }
  if (value instanceof RegExp) {
    return { text: RegExp.prototype.toString.call(value) };
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
  const name = Object.getOwnPropertyDescriptor(value, "name")?.value;
  const named = typeof name === "string" && name !== "";
  if (/^class\b/.test(Function.prototype.toString.call(value).slice(0, 8))) {
    return { text: `[class ${named ? name : "(anonymous)"}]` };
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const shown = kind.endsWith("Function") ? kind : "Function";
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
      return `BSONRegExp(${JSON.stringify(value.pattern)}, ${JSON.stringify(value.options)})`;
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
  if (typeof stack !== "string" || stack.trim() === "") {
    return { text: head, hidden };
  }
  const trimmed = stack.trimEnd();
  return { text: trimmed.startsWith(head) ? trimmed : `${head}\n${trimmed}`, hidden };
}

// A message may be an object (see runtime/error-messages.js), which shows as its JSON.
function headOf(error) {
  try {
    const { message } = error;
    return typeof message === "object" && message !== null
      ? `${error.name}: ${JSON.stringify(message)}`
      : Error.prototype.toString.call(error);
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
    return collection("Map", Map.prototype.entries.call(value), value.size, "pairs");
  }
  if (value instanceof Set) {
    return collection("Set", Set.prototype.values.call(value), value.size, "values");
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
    return { text: `ArrayBuffer { byteLength: ${value.byteLength} }`, closed: true };
  }
  if (!ArrayBuffer.isView(value)) {
    return undefined;
  }
  if (value instanceof DataView) {
    return { text: `DataView { byteLength: ${value.byteLength} }`, closed: true };
  }
  if (value._isBuffer === true) {
    return { text: bufferText(viewBytes(value)), closed: true };
  }
  const name = Object.prototype.toString.call(value).slice(8, -1);
  return {
    text: `${name}(${value.length})`,
    brackets: "[]",
    closed: true,
    items: { values: value, size: value.length, kind: "values" },
  };
}

function bufferText(bytes) {
  const shown = host.hex_encode(bytes.subarray(0, bytesShownMax)).replace(/..(?=.)/g, "$& ");
  const rest = bytes.length - bytesShownMax;
  return rest > 0 ? `<Buffer ${shown} ... ${rest} more bytes>` : `<Buffer${shown && ` ${shown}`}>`;
}

function describeBoxed(value) {
  for (const Type of [Number, String, Boolean]) {
    if (value instanceof Type) {
      const inner = Type.prototype.valueOf.call(value);
      const text = typeof inner === "string" ? JSON.stringify(inner) : String(inner);
      return { text: `[${Type.name}: ${text}]`, closed: true };
    }
  }
  return undefined;
}
