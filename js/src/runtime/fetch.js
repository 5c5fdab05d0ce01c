// `fetch`, `Headers` and `Response` on the client of `context.http`: whole bodies, no streams.
//
// The platform never documented them, but functions use them.

import { append, holds, isMatch, join, listOf, map } from "../lists.js";
import {
  PrivateMap, String, TypeError, Uint8Array, arrayIsArray, arraySort, jsonParse, jsonStringify,
  objectEntries, reflectApply, regExpExec, stringSlice, stringToLowerCase, stringToUpperCase,
  stringTrim, symbolIterator, symbolToStringTag, typedArrayBuffer,
} from "../primordials.js";
import { utf8Decode, utf8Encode, viewBytes } from "../bytes.js";
import { host } from "../host.js";
import { Binary } from "../bson.js";
import { loadBuffer } from "../buffer.js";
import { URL, URLSearchParams } from "../url.js";
import { promiseFor } from "./pending.js";

const REDIRECTS = ["follow", "manual", "error"];

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

export class Response {
  #bytes;
  #isUsed = false;

  constructor(body, { status = 200, statusText = "", headers, url = "" } = {}) {
    const { bytes, type } = bodyOf(body);
    this.#bytes = bytes ?? new Uint8Array(0);
    this.status = status;
    this.statusText = statusText;
    this.headers = new Headers(headers);
    this.url = url;
    if (type !== undefined && !this.headers.has("Content-Type")) {
      this.headers.set("Content-Type", type);
    }
  }

  get ok() {
    return this.status >= 200 && this.status <= 299;
  }

  get bodyUsed() {
    return this.#isUsed;
  }

  async text() {
    const text = utf8Decode(this.#use());
    return text[0] === "\ufeff" ? stringSlice(text, 1) : text;
  }

  async json() {
    return jsonParse(await this.text());
  }

  async arrayBuffer() {
    return typedArrayBuffer(new Uint8Array(this.#use()));
  }

  // As node-fetch has it.
  async buffer() {
    return loadBuffer().from(await this.arrayBuffer());
  }

  clone() {
    if (this.#isUsed) {
      throw new TypeError("Response.clone: the body has been read already");
    }
    const { status, statusText, headers, url } = this;
    return new Response(this.#bytes, { status, statusText, headers, url });
  }

  #use() {
    if (this.#isUsed) {
      throw new TypeError("Response: the body has been read already");
    }
    this.#isUsed = true;
    return this.#bytes;
  }

  get [symbolToStringTag]() {
    return "Response";
  }
}

// The bytes of a body, and what to call them where nothing else is said.
function bodyOf(body) {
  if (body === undefined || body === null) {
    return { bytes: undefined, type: undefined };
  }
  if (body instanceof URLSearchParams) {
    const type = "application/x-www-form-urlencoded;charset=UTF-8";
    return { bytes: utf8Encode(String(body)), type };
  }
  const bytes = body instanceof Binary ? body._bytes : viewBytes(body);
  return bytes === undefined
    ? { bytes: utf8Encode(String(body)), type: "text/plain;charset=UTF-8" }
    : { bytes, type: undefined };
}

export async function fetch(input, init = {}) {
  const url = new URL(String(input?.url ?? input)).href;
  const options = init ?? {};
  const method = stringToUpperCase(String(options.method ?? "GET"));
  const redirect = options.redirect ?? "follow";
  if (!holds(REDIRECTS, redirect)) {
    throw new TypeError(`fetch: "redirect" must be one of ${join(REDIRECTS, ", ")}`);
  }
  const { bytes, type } = bodyOf(options.body);
  if (bytes !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError("fetch: a request with GET or HEAD cannot have a body");
  }
  const headers = new Headers(options.headers);
  if (type !== undefined && !headers.has("Content-Type")) {
    headers.set("Content-Type", type);
  }
  const request = {
    method, url, followRedirects: redirect === "follow", headers: Headers.pairsOf(headers),
  };
  const { head, body } = await answerTo(request, bytes);
  if (redirect === "error" && isRedirect(head)) {
    throw new TypeError(`fetch failed: ${url} redirects`);
  }
  return new Response(new Uint8Array(body), {
    status: head.statusCode,
    statusText: stringSlice(head.status, regExpExec(/^(?:\d+ ?)?/, head.status)[0].length),
    headers: head.headers,
    url,
  });
}

async function answerTo(request, bytes) {
  try {
    const answer = await promiseFor(host.http_start(jsonStringify(request), bytes));
    return { head: jsonParse(answer[0]), body: answer[1] };
  } catch (cause) {
    throw new TypeError(`fetch failed: ${cause.message}`, { cause });
  }
}

function isRedirect(head) {
  return holds([301, 302, 303, 307, 308], head.statusCode);
}
