// The `EJSON` global, and the two writers for what a function returns.
//
// `EJSON.stringify` is always canonical, as the platform's was
// (docs/behaviour/bson.md#extended-json); options that ask for the relaxed form are accepted and
// change nothing.

import { arrayIsArray, jsonParse, jsonStringify } from "./primordials.js";
import { parseEjson } from "./ejson/parse.js";
import { writeEjson } from "./ejson/write.js";

export { tooLarge, writeEjson, writeJson } from "./ejson/write.js";

export const parse = parseEjson;

export function stringify(value, replacer, space) {
  const text = writeEjson(value);
  const list = typeof replacer === "function" || arrayIsArray(replacer) ? replacer : undefined;
  const indent = typeof space === "number" || typeof space === "string" ? space : undefined;
  if (list === undefined && indent === undefined) {
    return text;
  }
  return jsonStringify(jsonParse(text), list, indent);
}

// The same shape as objects instead of text, for code that sends or stores it itself.
function serialize(value) {
  return jsonParse(writeEjson(value));
}

// Copies, so that the argument stays as it was.
function deserialize(value, options) {
  return parseEjson(jsonStringify(value), options);
}

export const EJSON = { parse, stringify, serialize, deserialize };
