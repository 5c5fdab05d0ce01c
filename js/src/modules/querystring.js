// `require("querystring")`.

const maxKeysUsual = 1000;

function escape(text) {
  return encodeURIComponent(String(text).toWellFormed());
}

// What is no valid escape stays as it is.
function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(%[0-9a-f]{2})+/gi, (run) => decodeBytes(run));
  }
}

function decodeBytes(run) {
  const bytes = run.slice(1).split("%").map((hex) => parseInt(hex, 16));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function stringify(values, separator = "&", equals = "=", options = {}) {
  if (typeof values !== "object" || values === null) {
    return "";
  }
  const encode = options?.encodeURIComponent ?? querystring.escape;
  const pair = (key, value) => `${encode(key)}${equals}${encode(primitive(value))}`;
  return Object.keys(values)
    .flatMap((key) => [values[key]].flat(1).map((value) => pair(key, value)))
    .join(separator);
}

function primitive(value) {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) ? String(value) : "";
    case "boolean":
    case "bigint":
      return String(value);
    default:
      return "";
  }
}

function parse(text, separator = "&", equals = "=", options = {}) {
  const values = Object.create(null);
  if (typeof text !== "string" || text === "") {
    return values;
  }
  const decode = options?.decodeURIComponent ?? querystring.unescape;
  const maxKeys = options?.maxKeys ?? maxKeysUsual;
  let parts = text.split(separator || "&").filter((part) => part !== "");
  parts = maxKeys > 0 ? parts.slice(0, maxKeys) : parts;
  for (const part of parts) {
    const spaced = part.replaceAll("+", " ");
    const at = spaced.indexOf(equals || "=");
    const key = decode(at < 0 ? spaced : spaced.slice(0, at));
    const value = at < 0 ? "" : decode(spaced.slice(at + (equals || "=").length));
    add(values, key, value);
  }
  return values;
}

function add(values, key, value) {
  if (!(key in values)) {
    values[key] = value;
  } else if (Array.isArray(values[key])) {
    values[key].push(value);
  } else {
    values[key] = [values[key], value];
  }
}

const querystring = {
  decode: parse, encode: stringify, escape, parse, stringify, unescape,
};

export default querystring;
