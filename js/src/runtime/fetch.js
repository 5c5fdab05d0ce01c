// `fetch`, `Headers` and `Response` on the client of `context.http`: whole bodies, no streams.
//
// The platform never documented them, but functions use them. Loaded at the first use.

import { host } from "../host.js";
import { Binary } from "../bson.js";
import { utf8Decode, utf8Encode, viewBytes } from "../bytes.js";
import { promiseFor } from "./pending.js";

const REDIRECTS = ["follow", "manual", "error"];

export class Headers {
  #values = new Map();

  constructor(init) {
    if (init === undefined || init === null) {
      return;
    }
    const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
    for (const [name, value] of pairs) {
      for (const one of Array.isArray(value) ? value : [value]) {
        this.append(name, one);
      }
    }
  }

  append(name, value) {
    const key = keyOf(name);
    this.#values.set(key, [...(this.#values.get(key) ?? []), String(value).trim()]);
  }

  set(name, value) {
    this.#values.set(keyOf(name), [String(value).trim()]);
  }

  get(name) {
    return this.#values.get(keyOf(name))?.join(", ") ?? null;
  }

  getSetCookie() {
    return [...(this.#values.get("set-cookie") ?? [])];
  }

  has(name) {
    return this.#values.has(keyOf(name));
  }

  delete(name) {
    this.#values.delete(keyOf(name));
  }

  forEach(callback, self) {
    for (const [name, value] of this) {
      callback.call(self, value, name, this);
    }
  }

  *entries() {
    for (const name of [...this.#values.keys()].sort()) {
      yield [name, this.get(name)];
    }
  }

  *keys() {
    for (const [name] of this) yield name;
  }

  *values() {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  get [Symbol.toStringTag]() {
    return "Headers";
  }
}

function keyOf(name) {
  const key = String(name).toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key)) {
    throw new TypeError(`Headers: ${JSON.stringify(key)} is not the name of a header`);
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
    return utf8Decode(this.#use()).replace(/^\ufeff/, "");
  }

  async json() {
    return JSON.parse(await this.text());
  }

  async arrayBuffer() {
    return this.#use().slice().buffer;
  }

  // As node-fetch has it.
  async buffer() {
    return Buffer.from(await this.arrayBuffer());
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

  get [Symbol.toStringTag]() {
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
  const method = String(options.method ?? "GET").toUpperCase();
  const redirect = options.redirect ?? "follow";
  if (!REDIRECTS.includes(redirect)) {
    throw new TypeError(`fetch: "redirect" must be one of ${REDIRECTS.join(", ")}`);
  }
  const { bytes, type } = bodyOf(options.body);
  if (bytes !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError("fetch: a request with GET or HEAD cannot have a body");
  }
  const headers = new Headers(options.headers);
  if (type !== undefined && !headers.has("Content-Type")) {
    headers.set("Content-Type", type);
  }
  const request = { method, url, followRedirects: redirect === "follow", headers: [...headers] };
  const [head, body] = await answerTo(request, bytes);
  if (redirect === "error" && isRedirect(head)) {
    throw new TypeError(`fetch failed: ${url} redirects`);
  }
  return new Response(new Uint8Array(body), {
    status: head.statusCode,
    statusText: head.status.replace(/^\d+ ?/, ""),
    headers: head.headers,
    url,
  });
}

async function answerTo(request, bytes) {
  try {
    const [head, body] = await promiseFor(host.http_start(JSON.stringify(request), bytes));
    return [JSON.parse(head), body];
  } catch (cause) {
    throw new TypeError(`fetch failed: ${cause.message}`, { cause });
  }
}

function isRedirect(head) {
  return [301, 302, 303, 307, 308].includes(head.statusCode);
}
