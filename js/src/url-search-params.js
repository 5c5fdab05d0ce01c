// URLSearchParams: the pairs of a query string or of a form body, in order.

import { utf8Decode, utf8Encode } from "./bytes.js";

// What URL alone may do with the parameters it owns.
export let linkParams;
export let replaceQuery;

export class URLSearchParams {
  #pairs = [];
  #changed;

  static {
    linkParams = (params, changed) => {
      params.#changed = changed;
    };
    replaceQuery = (params, query) => {
      params.#pairs = parse(query);
    };
  }

  constructor(init) {
    if (init === undefined || init === null) {
      return;
    }
    if (init instanceof URLSearchParams) {
      this.#pairs = init.#pairs.map((pair) => [...pair]);
    } else if (typeof init === "object" || typeof init === "function") {
      this.#pairs = pairsOf(init);
    } else {
      this.#pairs = parse(text(init));
    }
  }

  get size() {
    return this.#pairs.length;
  }

  append(name, value) {
    this.#pairs.push([text(name), text(value)]);
    this.#update();
  }

  delete(name, value) {
    const matches = matcher(name, value);
    this.#pairs = this.#pairs.filter((pair) => !matches(pair));
    this.#update();
  }

  get(name) {
    const wanted = text(name);
    const pair = this.#pairs.find(([key]) => key === wanted);
    return pair === undefined ? null : pair[1];
  }

  getAll(name) {
    const wanted = text(name);
    return this.#pairs.filter(([key]) => key === wanted).map(([, value]) => value);
  }

  has(name, value) {
    return this.#pairs.some(matcher(name, value));
  }

  // The first pair of the name takes the value, later ones go.
  set(name, value) {
    const wanted = text(name);
    const first = this.#pairs.find(([key]) => key === wanted);
    if (first === undefined) {
      this.#pairs.push([wanted, text(value)]);
    } else {
      first[1] = text(value);
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== wanted);
    }
    this.#update();
  }

  sort() {
    this.#pairs.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
    this.#update();
  }

  forEach(callback, receiver) {
    for (const [name, value] of this) {
      callback.call(receiver, value, name, this);
    }
  }

  // By index, so that a loop sees what it appends on its way.
  *entries() {
    for (let index = 0; index < this.#pairs.length; index++) {
      yield [...this.#pairs[index]];
    }
  }

  *keys() {
    for (const [name] of this.entries()) {
      yield name;
    }
  }

  *values() {
    for (const [, value] of this.entries()) {
      yield value;
    }
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  toString() {
    return this.#pairs.map(([name, value]) => `${escape(name)}=${escape(value)}`).join("&");
  }

  get [Symbol.toStringTag]() {
    return "URLSearchParams";
  }

  [Symbol.for("nodejs.util.inspect.custom")]() {
    const pairs = this.#pairs.map(([name, value]) =>
      `${JSON.stringify(name)} => ${JSON.stringify(value)}`);
    return pairs.length === 0 ? "URLSearchParams {}" : `URLSearchParams { ${pairs.join(", ")} }`;
  }

  #update() {
    this.#changed?.(this.toString());
  }
}

function text(value) {
  return String(value).toWellFormed();
}

function matcher(name, value) {
  const wantedName = text(name);
  if (value === undefined) {
    return ([key]) => key === wantedName;
  }
  const wantedValue = text(value);
  return ([key, item]) => key === wantedName && item === wantedValue;
}

function pairsOf(init) {
  if (init[Symbol.iterator] === undefined || init[Symbol.iterator] === null) {
    return Object.keys(init).map((key) => [text(key), text(init[key])]);
  }
  return Array.from(init, (item) => {
    const pair = Array.from(item);
    if (pair.length !== 2) {
      throw new TypeError("each query pair must be an iterable of a name and a value");
    }
    return [text(pair[0]), text(pair[1])];
  });
}

function parse(query) {
  const pairs = [];
  for (const piece of (query.startsWith("?") ? query.slice(1) : query).split("&")) {
    if (piece !== "") {
      const equals = piece.indexOf("=");
      const name = equals < 0 ? piece : piece.slice(0, equals);
      pairs.push([unescape(name), equals < 0 ? "" : unescape(piece.slice(equals + 1))]);
    }
  }
  return pairs;
}

function unescape(piece) {
  const spaced = piece.replaceAll("+", " ");
  if (!spaced.includes("%")) {
    return spaced;
  }
  try {
    return decodeURIComponent(spaced);
  } catch {
    return unescapeBytes(spaced);
  }
}

// A percent sign without two digits stands for itself, and wrong UTF-8 becomes U+FFFD.
function unescapeBytes(piece) {
  const source = utf8Encode(piece);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let index = 0; index < source.length; index++) {
    const high = source[index] === 0x25 ? hexDigit(source[index + 1]) : -1;
    const low = high >= 0 ? hexDigit(source[index + 2]) : -1;
    bytes[length++] = low >= 0 ? high * 16 + low : source[index];
    index += low >= 0 ? 2 : 0;
  }
  return utf8Decode(bytes.subarray(0, length));
}

function hexDigit(code) {
  const value = code === undefined ? NaN : parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? -1 : value;
}

function escape(value) {
  return encodeURIComponent(value)
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
