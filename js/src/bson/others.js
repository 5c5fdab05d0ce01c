// The smaller BSON types: regular expressions, timestamps, code, references, the two end keys.

import { join, replaceMatches } from "../lists.js";
import {
  BigInt, Number, RegExp, String, TypeError, arraySort, regExpFlags, regExpSource, stringIncludes,
} from "../primordials.js";
import { BsonValue, defineType, hide } from "./type.js";
import { Long } from "./long.js";

export function BSONRegExp(pattern, options = "") {
  if (!new.target) {
    return new BSONRegExp(pattern, options);
  }
  this.pattern = checked(pattern instanceof RegExp ? regExpSource(pattern) : pattern, "pattern");
  this.options = sorted(checked(options, "options"));
}

defineType(BSONRegExp, "BSONRegExp", class extends BsonValue {
  toString() {
    return `/${this.pattern}/${this.options}`;
  }

  toJSON() {
    return { $regularExpression: { pattern: this.pattern, options: this.options } };
  }
});

// The characters of a text in the order of their codes.
function sorted(text) {
  const characters = [];
  for (let index = 0; index < text.length; index++) {
    characters[index] = text[index];
  }
  return join(arraySort(characters), "");
}

// A pattern with a zero byte would end early where it is stored, and mean something else.
function checked(text, what) {
  if (typeof text !== "string" || stringIncludes(text, "\0")) {
    throw new TypeError(`invalid BSONRegExp: the ${what} must be a string without zero bytes`);
  }
  return text;
}

// The options that MongoDB knows, out of the flags of a JavaScript regular expression.
export function regExpOptions(regExp) {
  return replaceMatches(regExpFlags(regExp), /[^ims]/g, () => "");
}

export function Timestamp(input, high) {
  if (!new.target) {
    return new Timestamp(input, high);
  }
  const parts = timestampParts(input, high);
  this.t = parts.t;
  this.i = parts.i;
}

defineType(Timestamp, "Timestamp", class extends BsonValue {
  getHighBits() {
    return this.t;
  }

  getLowBits() {
    return this.i;
  }

  toString() {
    return String((BigInt(this.t) << 32n) | BigInt(this.i));
  }

  toJSON() {
    return { $timestamp: { t: this.t, i: this.i } };
  }
});

// { t, i }, a 64-bit value, or the two halves in the order in which Long takes them.
function timestampParts(input, high) {
  if (typeof input === "number" && high !== undefined) {
    return { t: uint32(high), i: uint32(input) };
  }
  if (input === undefined || typeof input === "number" || typeof input === "bigint") {
    input = new Long(input ?? 0);
  }
  if (input instanceof Long) {
    return { t: input.high >>> 0, i: input.low >>> 0 };
  }
  return { t: uint32(input?.t), i: uint32(input?.i) };
}

function uint32(input) {
  const number = Number(input);
  if (!(number >= -0x80000000 && number <= 0xffffffff)) {
    throw new TypeError("invalid Timestamp: expected { t, i } with 32-bit integers");
  }
  return number >>> 0;
}

export function Code(code, scope) {
  if (!new.target) {
    return new Code(code, scope);
  }
  this.code = String(code);
  this.scope = scope ?? null;
}

defineType(Code, "Code", class extends BsonValue {
  toString() {
    return this.code;
  }

  toJSON() {
    return this.scope === null
      ? { $code: this.code }
      : { $code: this.code, $scope: this.scope };
  }
});

export function DBRef(collection, oid, db, fields) {
  if (!new.target) {
    return new DBRef(collection, oid, db, fields);
  }
  this.collection = collection;
  this.oid = oid;
  this.db = db;
  this.fields = fields ?? {};
}

defineType(DBRef, "DBRef", class extends BsonValue {
  toJSON() {
    const shape = { $ref: this.collection, $id: this.oid };
    if (this.db !== undefined && this.db !== null) {
      shape.$db = this.db;
    }
    return { ...shape, ...this.fields };
  }
});

// The end keys are documented as values (`BSON.MinKey`), and other libraries make them with `new`.
// So each is a function that is a value of its own type as well.
export function MinKey() {
  return new.target ? undefined : new MinKey();
}

export function MaxKey() {
  return new.target ? undefined : new MaxKey();
}

defineType(MinKey, "MinKey", class extends BsonValue {
  toJSON() {
    return { $minKey: 1 };
  }
});

defineType(MaxKey, "MaxKey", class extends BsonValue {
  toJSON() {
    return { $maxKey: 1 };
  }
});

hide(MinKey, "toJSON", MinKey.prototype.toJSON);
hide(MaxKey, "toJSON", MaxKey.prototype.toJSON);
