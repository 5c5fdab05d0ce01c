// What the hosted service took for something else than it looks like. Each is done as it was there,
// with a warning in the log, once for a method in a run
// (docs/behaviour/databases.md#taken-for-something-else).

import { every, some } from "../lists.js";
import {
  PrivateSet, arrayIsArray, objectHasOwn, objectKeys, stringStartsWith,
} from "../primordials.js";
import { console } from "../runtime/console.js";
import { bsonTag } from "../bson.js";
import { modification } from "./input.js";
import { Session } from "./session.js";

const warned = new PrivateSet();

function warnOnce(method, text) {
  const line = `${method}: ${text}`;
  if (!warned.has(line)) {
    warned.add(line);
    console.warn(line);
  }
}

// An update without operators acted as `$set`. One with some is a mistake, and so is an empty one.
export function updateOf(update, method) {
  const checked = modification(update, method);
  if (arrayIsArray(checked)) {
    return checked;
  }
  const keys = objectKeys(checked);
  if (keys.length === 0 || some(keys, (key) => stringStartsWith(key, "$"))) {
    return checked;
  }
  warnOnce(
    method,
    "the update has no operators, so its fields are set, as with { $set: … }; replaceOne replaces",
  );
  return { $set: checked };
}

const isNumber = (value) => typeof value === "number";
const isText = (value) => typeof value === "string";
const isFlag = (value) => typeof value === "boolean";

// A document of fields. One with operators, such as `{ $slice: 1 }`, is part of a projection.
function isFields(value) {
  return typeof value === "object" && value !== null && !arrayIsArray(value) &&
    bsonTag(value) === undefined && !some(objectKeys(value), (key) => stringStartsWith(key, "$"));
}

// The options of find and findOne, each with what it may be. Those that are ignored count as well.
const OPTIONS = {
  sort: isFields,
  projection: isFields,
  limit: isNumber,
  skip: isNumber,
  session: (value) => value instanceof Session,
  batchSize: isNumber,
  maxTimeMS: isNumber,
  comment: isText,
  hint: (value) => isText(value) || isFields(value),
  collation: isFields,
  readPreference: isText,
  allowDiskUse: isFlag,
};

function areOptions(value) {
  if (!isFields(value)) {
    return false;
  }
  const keys = objectKeys(value);
  return keys.length > 0 &&
    every(keys, (key) => objectHasOwn(OPTIONS, key) && OPTIONS[key](value[key]));
}

// The projection and the options of find and findOne. Options also stand in the second place, where
// the projection belongs: nobody asks for fields of all these names.
export function projectionAndOptions(projection, options, method) {
  const isAlone = options === undefined || options === null;
  if (!isAlone || !areOptions(projection)) {
    return { projection, options };
  }
  warnOnce(
    method,
    "the second argument holds options only and is taken for them; " +
      `write ${method}(query, projection, options)`,
  );
  return { projection: projection.projection, options: projection };
}
