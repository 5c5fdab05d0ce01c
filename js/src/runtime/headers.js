// `Headers` of `fetch`: names and values of a request or a response.

import { append, isMatch, join, listOf, map } from "../lists.js";
import {
  PrivateMap, String, TypeError, arrayIsArray, arraySort, jsonStringify, objectEntries,
  reflectApply, stringToLowerCase, stringTrim, symbolIterator, symbolToStringTag,
} from "../primordials.js";

export class Headers {
  #values = new PrivateMap();

  constructor(init) {
    if (init === undefined || init === null) {
      return;
    }
    if (typeof init === "object" && #values in init) {
      init.#values.forEach((values, key) => {
        this.#values.set(key, append([], values));
      });
      return;
    }
    const pairs = typeof init[symbolIterator] === "function" ? listOf(init) : objectEntries(init);
    for (let index = 0; index < pairs.length; index++) {
      const pair = arrayIsArray(pairs[index]) ? pairs[index] : listOf(pairs[index]);
      const values = arrayIsArray(pair[1]) ? pair[1] : [pair[1]];
      for (let position = 0; position < values.length; position++) {
        this.append(pair[0], values[position]);
      }
    }
  }

  append(name, value) {
    const key = keyOf(name);
    const values = append([], this.#values.get(key) ?? []);
    values[values.length] = stringTrim(String(value));
    this.#values.set(key, values);
  }

  set(name, value) {
    this.#values.set(keyOf(name), [stringTrim(String(value))]);
  }

  get(name) {
    const values = this.#values.get(keyOf(name));
    return values === undefined ? null : join(values, ", ");
  }

  getSetCookie() {
    return append([], this.#values.get("set-cookie") ?? []);
  }

  has(name) {
    return this.#values.has(keyOf(name));
  }

  delete(name) {
    this.#values.delete(keyOf(name));
  }

  forEach(callback, self) {
    const names = this.#names();
    for (let index = 0; index < names.length; index++) {
      reflectApply(callback, self, [this.get(names[index]), names[index], this]);
    }
  }

  *entries() {
    const names = this.#names();
    for (let index = 0; index < names.length; index++) {
      yield [names[index], this.get(names[index])];
    }
  }

  *keys() {
    const names = this.#names();
    for (let index = 0; index < names.length; index++) {
      yield names[index];
    }
  }

  *values() {
    const names = this.#names();
    for (let index = 0; index < names.length; index++) {
      yield this.get(names[index]);
    }
  }

  [symbolIterator]() {
    return this.entries();
  }

  get [symbolToStringTag]() {
    return "Headers";
  }

  #names() {
    const names = [];
    this.#values.forEach((_values, name) => {
      names[names.length] = name;
    });
    return arraySort(names);
  }

  // Names and values, for the host.
  static pairsOf(headers) {
    return map(headers.#names(), (name) => [name, headers.get(name)]);
  }
}

function keyOf(name) {
  const key = stringToLowerCase(String(name));
  if (!isMatch(/^[!#$%&'*+.^_`|~0-9a-z-]+$/, key)) {
    throw new TypeError(`Headers: ${jsonStringify(key)} is not the name of a header`);
  }
  return key;
}
