// Extended JSON into values. The text comes from strangers.
//
// JSON.parse does the reading, with its own guard against depth; this walk then replaces the
// wrappers, in place. An object is a wrapper only if its keys are exactly those of one, so that
// query operators and ordinary data with a `$` stay what they are. A wrapper with wrong content is
// an error, never a guess.

import { every, isMatch, replaceText } from "../lists.js";
import {
  BigInt, Date, Number, String, Symbol, TypeError, arrayIsArray, bigIntAsIntN, dateParse, jsonParse,
  mathAbs, numberIsInteger, numberIsSafeInteger, objectHasOwn, objectIs, objectKeys, parseInt,
  stringSlice, stringStartsWith,
} from "../primordials.js";
import { nestingMax, setOwn, tooDeep } from "./limits.js";
import { host } from "../host.js";
import { BSON } from "../bson.js";
import { MARK_DOUBLE, MARK_INT32, MARK_INT64 } from "../border.js";
import { marked } from "../bson/marks.js";

const notWrapper = Symbol("not a wrapper");
const dateMax = 8.64e15;

// Numbers in wrappers become plain numbers that carry their type unseen; with `relaxed: false` they
// become Int32, Double and Long.
export function parseEjson(text, options) {
  const reader = new Reader(options?.relaxed !== false);
  return reader.revive(jsonParse(text), 0);
}

class Reader {
  constructor(relaxed) {
    this.relaxed = relaxed;
  }

  revive(value, depth) {
    if (typeof value !== "object" || value === null) {
      return typeof value === "number" && !this.relaxed ? typedNumber(value) : value;
    }
    if (depth > nestingMax) {
      throw tooDeep();
    }
    if (arrayIsArray(value)) {
      for (let index = 0; index < value.length; index++) {
        value[index] = this.revive(value[index], depth + 1);
      }
      return value;
    }
    const keys = objectKeys(value);
    if (keys.length > 0 && keys.length <= 2 && stringStartsWith(keys[0], "$")) {
      const wrapped = this.unwrap(value, keys, depth);
      if (wrapped !== notWrapper) {
        return wrapped;
      }
    }
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      const child = value[key];
      const revived = this.revive(child, depth + 1);
      if (revived !== child) {
        setOwn(value, key, revived);
      }
    }
    return value;
  }

  unwrap(object, keys, depth) {
    if (keys.length === 2) {
      return this.unwrapPair(object, keys, depth);
    }
    const content = object[keys[0]];
    switch (keys[0]) {
      case "$numberInt":
      case "$numberLong":
      case "$numberDouble":
        return this.number(keys[0], content);
      case "$oid":
        return objectId(content);
      case "$date":
        return date(content);
      case "$numberDecimal":
        return BSON.Decimal128.fromString(text("$numberDecimal", content));
      case "$binary":
        return binary(content);
      case "$uuid":
        return uuid(content);
      case "$regularExpression":
        return regularExpression(content);
      case "$timestamp":
        return timestamp(content);
      case "$minKey":
        return content === 1 ? BSON.MinKey : wrong("$minKey");
      case "$maxKey":
        return content === 1 ? BSON.MaxKey : wrong("$maxKey");
      case "$undefined":
        return content === true ? undefined : wrong("$undefined");
      case "$symbol":
        return text("$symbol", content);
      case "$code":
        return BSON.Code(text("$code", content));
      default:
        return notWrapper;
    }
  }

  // The wrappers of two keys, in either order.
  unwrapPair(object, keys, depth) {
    switch (keys[0] < keys[1] ? `${keys[0]},${keys[1]}` : `${keys[1]},${keys[0]}`) {
      case "$binary,$type":
        return legacyBinary(object.$binary, object.$type);
      case "$options,$regex":
        // The operator takes a regular expression as well as text; only text makes it a value.
        return typeof object.$regex === "string" && typeof object.$options === "string"
          ? BSON.BSONRegExp(object.$regex, object.$options)
          : notWrapper;
      case "$code,$scope":
        return BSON.Code(text("$code", object.$code), this.revive(object.$scope, depth + 1));
      default:
        return notWrapper;
    }
  }

  number(wrapper, content) {
    if (wrapper === "$numberLong") {
      const number = int64Number(content, wrapper);
      return this.relaxed && numberIsSafeInteger(number)
        ? marked(number, MARK_INT64)
        : BSON.Long.fromBigInt(int64(content));
    }
    if (wrapper === "$numberDouble") {
      const number = double(content);
      return this.relaxed ? marked(number, MARK_DOUBLE) : BSON.Double(number);
    }
    const number = int64Number(content, wrapper);
    if (number !== (number | 0)) {
      wrong(wrapper);
    }
    return this.relaxed ? marked(number, MARK_INT32) : BSON.Int32(number);
  }
}

// Without `relaxed` a plain number becomes the narrowest type that holds it.
function typedNumber(number) {
  if (!numberIsInteger(number) || objectIs(number, -0)) {
    return BSON.Double(number);
  }
  if (number === (number | 0)) {
    return BSON.Int32(number);
  }
  return numberIsSafeInteger(number) ? BSON.Long.fromNumber(number) : BSON.Double(number);
}

function int64(content, wrapper = "$numberLong") {
  const digits = typeof content === "number" && numberIsSafeInteger(content)
    ? String(content)
    : text(wrapper, content);
  if (!isMatch(/^[+-]?\d{1,40}$/, digits)) {
    wrong(wrapper);
  }
  const integer = BigInt(digits[0] === "+" ? stringSlice(digits, 1) : digits);
  return bigIntAsIntN(64, integer) === integer ? integer : wrong(wrapper);
}

function int64Number(content, wrapper) {
  const isShort = typeof content === "string" && isMatch(/^-?\d{1,15}$/, content);
  // Adding zero turns "-0" into the integer that it is.
  return isShort ? Number(content) + 0 : Number(int64(content, wrapper));
}

function double(content) {
  if (typeof content === "number") {
    return content;
  }
  const digits = text("$numberDouble", content);
  const isNumeric = isMatch(/^[+-]?(Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)$/, digits);
  return isNumeric || digits === "NaN" ? Number(digits) : wrong("$numberDouble");
}

function objectId(content) {
  return typeof content === "string" && content.length === 24
    ? new BSON.ObjectId(content)
    : wrong("$oid");
}

// { "$date": { "$numberLong": "…" } }, an ISO text, or the bare milliseconds of older tools.
function date(content) {
  let time = content;
  if (typeof content === "string") {
    const iso = /^[+-]?\d{4,6}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;
    time = isMatch(iso, content) ? dateParse(content) : NaN;
  } else if (isShape(content, ["$numberLong"])) {
    time = int64Number(content.$numberLong, "$date");
  }
  const isTime = typeof time === "number" && mathAbs(time) <= dateMax;
  return isTime ? new Date(time) : wrong("$date");
}

function binary(content) {
  if (!isShape(content, ["base64", "subType"])) {
    // A query may ask for a field of this name; only a text or an object of this shape is data.
    return typeof content === "object" ? wrong("$binary") : notWrapper;
  }
  return legacyBinary(content.base64, content.subType);
}

function legacyBinary(base64, type) {
  const subtype = typeof type === "number" ? type : parseInt(text("$binary", type), 16);
  if (typeof type === "string" && !isMatch(/^[0-9a-fA-F]{1,2}$/, type)) {
    wrong("$binary");
  }
  if (!numberIsInteger(subtype) || subtype < 0 || subtype > 255) {
    wrong("$binary");
  }
  return BSON.Binary.fromBase64(text("$binary", base64), subtype);
}

function uuid(content) {
  const hex = replaceText(text("$uuid", content), "-", "");
  return isMatch(/^[0-9a-fA-F]{32}$/, hex)
    ? new BSON.Binary(host.hex_decode(hex), 4)
    : wrong("$uuid");
}

function regularExpression(content) {
  if (!isShape(content, ["pattern", "options"])) {
    wrong("$regularExpression");
  }
  const pattern = text("$regularExpression", content.pattern);
  return BSON.BSONRegExp(pattern, text("$regularExpression", content.options));
}

function timestamp(content) {
  const isValid = isShape(content, ["t", "i"]) && isUint32(content.t) && isUint32(content.i);
  return isValid ? BSON.Timestamp({ t: content.t, i: content.i }) : wrong("$timestamp");
}

function isUint32(value) {
  return typeof value === "number" && value === value >>> 0;
}

function isShape(value, keys) {
  return typeof value === "object" && value !== null && !arrayIsArray(value) &&
    objectKeys(value).length === keys.length && every(keys, (key) => objectHasOwn(value, key));
}

function text(wrapper, content) {
  return typeof content === "string" ? content : wrong(wrapper);
}

/** @returns {never} */
function wrong(wrapper) {
  throw new TypeError(`invalid extended JSON: wrong content of "${wrapper}"`);
}
