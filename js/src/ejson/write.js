// Values into text: extended JSON, and the plain JSON that App Services made of the same values.
//
// Both are written by one walk, which differs in the leaves only. In plain JSON the BSON types take
// the shapes that Go's encoder gave them (`{"Subtype":0,"Data":"…"}`), as callers have seen them
// (docs/behaviour/results.md#shapes).

import { holds, isMatch } from "../lists.js";
import {
  ArrayBuffer, BigInt, DataView, Date, Promise, RangeError, RegExp, String, TypeError, Uint8Array,
  arrayIsArray, arrayPrototype, bigIntAsIntN, bigIntToString, dateGetTime, datePrototype,
  dateToISOString, jsonStringify, numberIsFinite, numberIsInteger, numberIsNaN, numberIsSafeInteger,
  objectGetPrototypeOf, objectIs, objectKeys, objectPrototype, objectValues, regExpSource,
  stringSlice,
} from "../primordials.js";
import { viewBytes } from "../bytes.js";
import { boxedValue } from "../boxed.js";
import { nestingMax, tooDeep } from "./limits.js";
import { host } from "../host.js";
import { strictly } from "../structures.js";
import { BSON, bsonTag } from "../bson.js";
import { MARK_DOUBLE, MARK_INT32, MARK_NONE } from "../border.js";
import { markOf } from "../bson/marks.js";
import { regExpOptions } from "../bson/reg-exp.js";
import { writeBson, writeBytes } from "./write-bson.js";

const { toJSON: dateToJSON, toISOString: dateText } = datePrototype;
const { toJSON: idToJSON } = BSON.ObjectId.prototype;

const int64Limit = 2 ** 63;

/**
 * Canonical extended JSON. A number that came with a BSON type is written with that type.
 * `integers` says how other whole numbers are written: "wide" as $numberLong, as endpoints do, or
 * "narrow" as $numberInt where they fit, as webhooks did.
 * `outcomeOf` tells what a promise has come to: `{ value }`, `{ thrown }`, or neither.
 *
 * @param {any} value
 * @param {{
 *   integers?: string, outcomeOf?: (promise: Promise<any>) => object, bytesMax?: number,
 * }} options
 */
export function writeEjson(value, { integers = "wide", outcomeOf, bytesMax } = {}) {
  const writer = new Writer(true, integers === "narrow", outcomeOf, bytesMax);
  // A function at the top has no text; a value that must have one gets null.
  return writer.write(value, "", 0) ?? "null";
}

// The result of a function in JSON mode; undefined when there is nothing to write.
export function writeJson(value, outcomeOf, bytesMax) {
  if (typeof value === "string") {
    // Whoever asks looks at the length.
    return jsonStringify(value);
  }
  if (value !== null && typeof value === "object") {
    const text = hostText(value);
    if (text !== undefined) {
      return text;
    }
    valuesLeft = bytesMax;
    if (isPlain(value, 0)) {
      return jsonStringify(value);
    }
  }
  return new Writer(false, false, outcomeOf, bytesMax).write(value, "", 0);
}

// What the host makes of plain values, dates and ids, without a step in the interpreter; undefined
// where there is more in it, or where a function has changed how such values are written.
function hostText(value) {
  const isChanged = objectPrototype.toJSON !== undefined || arrayPrototype.toJSON !== undefined ||
    datePrototype.toJSON !== dateToJSON || datePrototype.toISOString !== dateText ||
    BSON.ObjectId.prototype.toJSON !== idToJSON;
  return isChanged ? undefined : strictly(() => host.json_text(value));
}

// Whether JSON.stringify gives the right text of an object by itself. Of our BSON types, ids alone
// have a toJSON that agrees with the writer.
//
// Results may be thousands of values: an interpreter takes twice as long where each is a call.
//
// An object that occurs many times is looked at as many times, so their number is limited: each
// value takes a byte at least.
let valuesLeft;

function isPlain(object, depth) {
  if (depth > nestingMax) {
    return false;
  }
  let items = object;
  if (!arrayIsArray(object)) {
    const prototype = objectGetPrototypeOf(object);
    if (prototype !== objectPrototype && prototype !== null) {
      return object instanceof Date || object instanceof BSON.ObjectId;
    }
    if (typeof object.toJSON === "function") {
      return false;
    }
    items = objectValues(object);
  }
  valuesLeft -= 1 + items.length;
  if (valuesLeft < 0) {
    return false;
  }
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (typeof item === "object") {
      if (item !== null && !isPlain(item, depth + 1)) {
        return false;
      }
    } else if (typeof item === "bigint" || typeof item === "function") {
      // A function may be an end key.
      return false;
    }
  }
  return true;
}

export function tooLarge(bytesMax) {
  return new RangeError(`the result has more than ${bytesMax} bytes; return less`);
}

class Writer {
  constructor(extended, narrow, outcomeOf, bytesMax = Infinity) {
    this.extended = extended;
    this.narrow = narrow;
    this.outcomeOf = outcomeOf;
    this.bytesMax = bytesMax;
    // What the values that were written take at least.
    this.bytes = 0;
    this.ancestors = [];
  }

  // The text of a value, or undefined where there is none, as JSON.stringify has it.
  write(value, key, depth) {
    this.count(1);
    switch (typeof value) {
      case "string":
        this.count(value.length);
        return jsonStringify(value);
      case "number":
        return this.number(value);
      case "boolean":
        return value ? "true" : "false";
      case "object":
        return value === null ? "null" : this.object(value, key, depth);
      case "undefined":
        return this.extended ? '{"$undefined":true}' : undefined;
      case "bigint":
        return this.bigint(value);
      case "function":
        return this.key(value);
      default:
        return undefined;
    }
  }

  count(bytes) {
    this.bytes += bytes;
    if (this.bytes > this.bytesMax) {
      throw tooLarge(this.bytesMax);
    }
  }

  number(value) {
    if (!this.extended) {
      return numberIsFinite(value) ? String(value) : "null";
    }
    // Most numbers are small and whole; negative zero equals zero but has another sign.
    const isSmall = value === (value | 0) && (value !== 0 || 1 / value > 0);
    if (!isSmall && (!numberIsInteger(value) || value === 0)) {
      return this.double(value);
    }
    const mark = markOf(value);
    if (mark === MARK_DOUBLE) {
      return this.double(value);
    }
    if (isSmall) {
      const isInt32 = mark === MARK_NONE ? this.narrow : mark === MARK_INT32;
      return isInt32 ? `{"$numberInt":"${value}"}` : `{"$numberLong":"${value}"}`;
    }
    if (numberIsSafeInteger(value)) {
      return `{"$numberLong":"${value}"}`;
    }
    if (value >= -int64Limit && value < int64Limit) {
      return `{"$numberLong":"${BigInt(value)}"}`;
    }
    return this.double(value);
  }

  double(value) {
    if (!this.extended) {
      return numberIsFinite(value) ? String(value) : "null";
    }
    const text = objectIs(value, -0) ? "-0" : String(value);
    return `{"$numberDouble":"${isMatch(/^-?\d+$/, text) ? `${text}.0` : text}"}`;
  }

  bigint(value) {
    if (!this.extended) {
      return bigIntToString(value);
    }
    if (bigIntAsIntN(64, value) !== value) {
      const shown = stringSlice(bigIntToString(value), 0, 40);
      throw new RangeError(`the integer ${shown} does not fit 64 bits`);
    }
    return `{"$numberLong":"${value}"}`;
  }

  // MinKey and MaxKey are functions that count as values; other functions are left out.
  key(value) {
    if (value === BSON.MinKey || value === BSON.MaxKey) {
      return writeBson(this, value === BSON.MinKey ? "MinKey" : "MaxKey", value, 0);
    }
    return undefined;
  }

  // `replaced` tells that the value came out of a toJSON, which is asked once only.
  object(value, key, depth, replaced = false) {
    if (depth > nestingMax) {
      throw tooDeep();
    }
    if (holds(this.ancestors, value)) {
      throw new TypeError(`cannot write a circular structure: "${key}" refers to its own parent`);
    }
    this.ancestors[this.ancestors.length] = value;
    const text = arrayIsArray(value)
      ? this.array(value, depth)
      : this.special(value, key, depth, replaced);
    this.ancestors.length -= 1;
    return text;
  }

  array(value, depth) {
    let text = "[";
    for (let index = 0; index < value.length; index++) {
      if (index > 0) {
        text += ",";
      }
      text += this.write(value[index], String(index), depth + 1) ?? "null";
    }
    return text + "]";
  }

  // What is not a plain object, or has a say in how it is written.
  special(value, key, depth, replaced) {
    if (objectGetPrototypeOf(value) !== objectPrototype) {
      const tag = bsonTag(value);
      const text = tag === undefined ? undefined : writeBson(this, tag, value, depth);
      if (text !== undefined) {
        return text;
      }
      if (value instanceof Date) {
        return this.date(value);
      }
      if (value instanceof RegExp) {
        return this.regExp(regExpSource(value), regExpOptions(value));
      }
      if (isBytes(value)) {
        return writeBytes(this, viewBytes(value), 0);
      }
      if (boxedValue(value) !== undefined) {
        return this.write(boxedValue(value), key, depth);
      }
      if (value instanceof Promise && this.outcomeOf !== undefined) {
        return this.promise(value, key, depth);
      }
    }
    if (replaced || typeof value.toJSON !== "function") {
      return this.plain(value, depth);
    }
    const replacement = value.toJSON(key);
    if (typeof replacement !== "object" || replacement === null) {
      return this.write(replacement, key, depth);
    }
    return replacement === value
      ? this.plain(value, depth)
      : this.object(replacement, key, depth + 1, true);
  }

  // One that has not settled has no more to show than any object without properties.
  promise(promise, key, depth) {
    const outcome = this.outcomeOf(promise);
    if ("thrown" in outcome) {
      throw outcome.thrown;
    }
    return "value" in outcome ? this.write(outcome.value, key, depth + 1) : "{}";
  }

  plain(value, depth) {
    let text = "";
    const keys = objectKeys(value);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      const item = this.write(value[key], key, depth + 1);
      if (item !== undefined) {
        text += `${text === "" ? "" : ","}${jsonStringify(key)}:${item}`;
      }
    }
    return `{${text}}`;
  }

  date(value) {
    const time = dateGetTime(value);
    if (numberIsNaN(time)) {
      return "null";
    }
    return this.extended
      ? `{"$date":{"$numberLong":"${time}"}}`
      : jsonStringify(dateToISOString(value));
  }

  regExp(pattern, options) {
    const first = jsonStringify(pattern);
    const second = jsonStringify(options);
    return this.extended
      ? `{"$regularExpression":{"pattern":${first},"options":${second}}}`
      : `{"Pattern":${first},"Options":${second}}`;
  }
}

// Typed arrays of numbers are left as the objects that JSON.stringify sees in them.
function isBytes(value) {
  return value instanceof Uint8Array || value instanceof ArrayBuffer || value instanceof DataView;
}

