// What the host is told of our objects, so that documents of them cross the border as they are:
// the classes by number, each with the fields that make up its values.

import {
  Map, Number, RangeError, RegExp, Set, String, TypeError, bigIntAsIntN, bigIntToString,
  datePrototype, mapForEach, regExpSource, setForEach, stringSlice,
} from "./primordials.js";
import { CLASSES } from "./border.js";
import { viewBytes } from "./bytes.js";
import { append, map } from "./lists.js";
import { boxedValue } from "./boxed.js";
import { setOwn } from "./ejson/limits.js";
import { BSON, bsonTag } from "./bson.js";
import { binaryBytes } from "./bson/binary.js";
import { regExpOptions } from "./bson/reg-exp.js";

const { getTime } = datePrototype;

export const structures = {
  time: getTime,
  foreign,
  classes: map(CLASSES, ({ name, fields }) => append([BSON[name].prototype], fields)),
};

// Whether values that are more than plain ones are refused instead of written down.
let isStrict = false;

// What comes of a call that hands over plain values; `undefined` where there are others.
export function strictly(call) {
  isStrict = true;
  try {
    return call();
  } catch {
    return undefined;
  } finally {
    isStrict = false;
  }
}

// What to write down in the place of a value that is of none of these classes; `undefined` for a
// plain object, and for a function, which is left out.
function foreign(value) {
  if (isStrict) {
    throw new TypeError("not a plain value");
  }
  switch (typeof value) {
    case "bigint":
      return long(value);
    case "function":
      return key(value);
  }
  const tag = bsonTag(value);
  if (tag !== undefined) {
    return known(tag, value);
  }
  if (value instanceof RegExp) {
    return new BSON.BSONRegExp(regExpSource(value), regExpOptions(value));
  }
  const bytes = viewBytes(value);
  if (bytes !== undefined) {
    return new BSON.Binary(bytes);
  }
  const inner = boxedValue(value);
  if (inner !== undefined) {
    return inner;
  }
  if (value instanceof Map) {
    const object = {};
    mapForEach(value, (item, name) => setOwn(object, name, item));
    return object;
  }
  return value instanceof Set ? valuesOf(value) : undefined;
}

function valuesOf(set) {
  const values = [];
  setForEach(set, (item) => {
    values[values.length] = item;
  });
  return values;
}

function long(value) {
  if (bigIntAsIntN(64, value) !== value) {
    const shown = stringSlice(bigIntToString(value), 0, 40);
    throw new RangeError(`the integer ${shown} does not fit 64 bits`);
  }
  return new BSON.Long(value);
}

// MinKey and MaxKey are functions that count as values.
function key(value) {
  if (value === BSON.MinKey) {
    return new BSON.MinKey();
  }
  return value === BSON.MaxKey ? new BSON.MaxKey() : undefined;
}

// Values of other BSON libraries, read through what all of them have in common.
function known(tag, value) {
  switch (tag) {
    case "ObjectId":
    case "ObjectID":
      return new BSON.ObjectId(value.toHexString());
    case "Binary":
      return new BSON.Binary(binaryBytes(value), value.sub_type);
    case "Long":
      return BSON.Long.fromString(value.toString());
    case "Int32":
      return new BSON.Int32(Number(value.valueOf()));
    case "Double":
      return new BSON.Double(Number(value.valueOf()));
    case "Decimal128":
      return BSON.Decimal128.fromString(value.toString());
    case "BSONRegExp":
      return new BSON.BSONRegExp(String(value.pattern), String(value.options));
    case "Timestamp":
      return new BSON.Timestamp({ t: value.t ?? value.high, i: value.i ?? value.low });
    case "MinKey":
      return new BSON.MinKey();
    case "MaxKey":
      return new BSON.MaxKey();
    case "Symbol":
    case "BSONSymbol":
      return String(value.value);
    case "Code":
      return new BSON.Code(value.code, value.scope);
    case "DBRef":
      return reference(value);
    default:
      return undefined;
  }
}

function reference({ collection, oid, db, fields }) {
  const shape = { $ref: collection, $id: oid };
  if (db !== undefined && db !== null && db !== "") {
    shape.$db = db;
  }
  return { ...shape, ...fields };
}
