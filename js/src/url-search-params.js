// URLSearchParams: the pairs of a query string or of a form body, in order.

import {
  filter, find, join, listOf, map, replaceMatches, replaceText, some, split,
} from "./lists.js";
import {
  String, TypeError, arraySort, decodeURIComponent, encodeURIComponent, jsonStringify, numberIsNaN,
  numberToString, objectKeys, parseInt, reflectApply, stringCharCodeAt, stringFromCharCode,
  stringIncludes, stringIndexOf, stringSlice, stringToUpperCase, stringToWellFormed, symbolInspect,
  symbolIterator, symbolToStringTag, typedArrayLength,
} from "./primordials.js";
import { bytesFrom } from "./bytes.js";
import { utf8Decode, utf8Encode } from "./encodings.js";

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
    if (typeof init === "object" && #pairs in init) {
      this.#pairs = map(init.#pairs, copyOf);
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
    this.#pairs[this.#pairs.length] = [text(name), text(value)];
    this.#update();
  }

  delete(name, value) {
    const matches = matcher(name, value);
    this.#pairs = filter(this.#pairs, (pair) => !matches(pair));
    this.#update();
  }

  get(name) {
    const pair = find(this.#pairs, matcher(name));
    return pair === undefined ? null : pair[1];
  }

  getAll(name) {
    return map(filter(this.#pairs, matcher(name)), (pair) => pair[1]);
  }

  has(name, value) {
    return some(this.#pairs, matcher(name, value));
  }

  // The first pair of the name takes the value, later ones go.
  set(name, value) {
    const matches = matcher(name);
    const first = find(this.#pairs, matches);
    if (first === undefined) {
      this.#pairs[this.#pairs.length] = [text(name), text(value)];
    } else {
      first[1] = text(value);
      this.#pairs = filter(this.#pairs, (pair) => pair === first || !matches(pair));
    }
    this.#update();
  }

  sort() {
    const order = (left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0);
    this.#pairs = arraySort(this.#pairs, order);
    this.#update();
  }

  // By index, here and below, so that a loop sees what it appends on its way.
  forEach(callback, receiver) {
    for (let index = 0; index < this.#pairs.length; index++) {
      const pair = this.#pairs[index];
      reflectApply(callback, receiver, [pair[1], pair[0], this]);
    }
  }

  *entries() {
    for (let index = 0; index < this.#pairs.length; index++) {
      yield copyOf(this.#pairs[index]);
    }
  }

  *keys() {
    for (let index = 0; index < this.#pairs.length; index++) {
      yield this.#pairs[index][0];
    }
  }

  *values() {
    for (let index = 0; index < this.#pairs.length; index++) {
      yield this.#pairs[index][1];
    }
  }

  [symbolIterator]() {
    return this.entries();
  }

  toString() {
    return join(map(this.#pairs, (pair) => `${escape(pair[0])}=${escape(pair[1])}`), "&");
  }

  get [symbolToStringTag]() {
    return "URLSearchParams";
  }

  [symbolInspect]() {
    const shown = (pair) => `${jsonStringify(pair[0])} => ${jsonStringify(pair[1])}`;
    const pairs = map(this.#pairs, shown);
    return pairs.length === 0
      ? "URLSearchParams {}"
      : `URLSearchParams { ${join(pairs, ", ")} }`;
  }

  #update() {
    this.#changed?.(this.toString());
  }
}

function copyOf(pair) {
  return [pair[0], pair[1]];
}

function text(value) {
  return stringToWellFormed(String(value));
}

function matcher(name, value = undefined) {
  const wantedName = text(name);
  if (value === undefined) {
    return (pair) => pair[0] === wantedName;
  }
  const wantedValue = text(value);
  return (pair) => pair[0] === wantedName && pair[1] === wantedValue;
}

function pairsOf(init) {
  if (init[symbolIterator] === undefined || init[symbolIterator] === null) {
    return map(objectKeys(init), (key) => [text(key), text(init[key])]);
  }
  return map(listOf(init), (item) => {
    const pair = listOf(item);
    if (pair.length !== 2) {
      throw new TypeError("each query pair must be an iterable of a name and a value");
    }
    return [text(pair[0]), text(pair[1])];
  });
}

function parse(query) {
  const pairs = [];
  const pieces = split(query[0] === "?" ? stringSlice(query, 1) : query, "&");
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index];
    if (piece !== "") {
      const equals = stringIndexOf(piece, "=");
      const name = equals < 0 ? piece : stringSlice(piece, 0, equals);
      const value = equals < 0 ? "" : unescape(stringSlice(piece, equals + 1));
      pairs[pairs.length] = [unescape(name), value];
    }
  }
  return pairs;
}

function unescape(piece) {
  const spaced = replaceText(piece, "+", " ");
  if (!stringIncludes(spaced, "%")) {
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
  const size = typedArrayLength(source);
  const bytes = [];
  for (let index = 0; index < size; index++) {
    const high = source[index] === 0x25 ? hexDigit(source[index + 1]) : -1;
    const low = high >= 0 ? hexDigit(source[index + 2]) : -1;
    bytes[bytes.length] = low >= 0 ? high * 16 + low : source[index];
    index += low >= 0 ? 2 : 0;
  }
  return utf8Decode(bytesFrom(bytes));
}

function hexDigit(code) {
  const value = code === undefined ? NaN : parseInt(stringFromCharCode(code), 16);
  return numberIsNaN(value) ? -1 : value;
}

function escape(value) {
  const escaped = replaceMatches(encodeURIComponent(value), /[!'()~]/g, (character) =>
    `%${stringToUpperCase(numberToString(stringCharCodeAt(character, 0), 16))}`);
  return replaceText(escaped, "%20", "+");
}
