// `require("querystring")`.

import {
  String, append, arrayIsArray, bytesFrom, decodeURIComponent, encodeURIComponent, join,
  numberIsFinite, objectCreate, objectKeys, parseInt, replaceMatches, replaceText, split,
  stringIndexOf, stringSlice, stringToWellFormed, utf8Decode,
} from "hookstead:internals";

const maxKeysUsual = 1000;

function escape(text) {
  return encodeURIComponent(stringToWellFormed(String(text)));
}

// What is no valid escape stays as it is.
function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return replaceMatches(text, /(%[0-9a-f]{2})+/gi, decodeBytes);
  }
}

function decodeBytes(run) {
  const bytes = [];
  for (let index = 1; index < run.length; index += 3) {
    bytes[bytes.length] = parseInt(stringSlice(run, index, index + 2), 16);
  }
  const text = utf8Decode(bytesFrom(bytes));
  return text[0] === "\ufeff" ? stringSlice(text, 1) : text;
}

function stringify(values, separator = "&", equals = "=", options = {}) {
  if (typeof values !== "object" || values === null) {
    return "";
  }
  const encode = options?.encodeURIComponent ?? querystring.escape;
  const pairs = [];
  const keys = objectKeys(values);
  for (let position = 0; position < keys.length; position++) {
    const value = values[keys[position]];
    const list = arrayIsArray(value) ? value : [value];
    for (let index = 0; index < list.length; index++) {
      if (index in list) {
        pairs[pairs.length] = `${encode(keys[position])}${equals}${encode(primitive(list[index]))}`;
      }
    }
  }
  return join(pairs, separator);
}

function primitive(value) {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return numberIsFinite(value) ? String(value) : "";
    case "boolean":
    case "bigint":
      return String(value);
    default:
      return "";
  }
}

function parse(text, separator = "&", equals = "=", options = {}) {
  const values = objectCreate(null);
  if (typeof text !== "string" || text === "") {
    return values;
  }
  const decode = options?.decodeURIComponent ?? querystring.unescape;
  const maxKeys = options?.maxKeys ?? maxKeysUsual;
  const sign = String(equals || "=");
  const parts = split(text, String(separator || "&"));
  let keys = 0;
  for (let index = 0; index < parts.length && !(maxKeys > 0 && keys >= maxKeys); index++) {
    if (parts[index] !== "") {
      keys += 1;
      const spaced = replaceText(parts[index], "+", " ");
      const at = stringIndexOf(spaced, sign);
      const key = decode(at < 0 ? spaced : stringSlice(spaced, 0, at));
      add(values, key, at < 0 ? "" : decode(stringSlice(spaced, at + sign.length)));
    }
  }
  return values;
}

function add(values, key, value) {
  if (!(key in values)) {
    values[key] = value;
  } else if (arrayIsArray(values[key])) {
    append(values[key], [value]);
  } else {
    values[key] = [values[key], value];
  }
}

const querystring = {
  decode: parse, encode: stringify, escape, parse, stringify, unescape,
};

export default querystring;
