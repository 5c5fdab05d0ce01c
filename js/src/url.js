// URL and URLSearchParams. The host parses; what is here keeps the parts and the query in step.

import {
  String, TypeError, jsonParse, stringSlice, stringToWellFormed, symbolInspect, symbolToStringTag,
} from "./primordials.js";
import { host } from "./host.js";
import { URLSearchParams, linkParams, replaceQuery } from "./url-search-params.js";

export { URLSearchParams };

export class URL {
  #parts;
  #params;

  constructor(url, base) {
    const text = host.url_parse(stringToWellFormed(String(url)), baseText(base));
    if (text === undefined) {
      throw invalidUrl(url);
    }
    this.#parts = jsonParse(text);
  }

  static canParse(url, base) {
    const text = stringToWellFormed(String(url));
    const start = baseText(base);
    try {
      return host.url_parse(text, start) !== undefined;
    } catch {
      // It is too long.
      return false;
    }
  }

  static parse(url, base) {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }

  get href() {
    return this.#parts.href;
  }

  set href(value) {
    const text = host.url_parse(stringToWellFormed(String(value)), undefined);
    if (text === undefined) {
      throw invalidUrl(value);
    }
    this.#adopt(text);
  }

  get origin() {
    return this.#parts.origin;
  }

  get protocol() {
    return this.#parts.protocol;
  }

  set protocol(value) {
    this.#set("protocol", value);
  }

  get username() {
    return this.#parts.username;
  }

  set username(value) {
    this.#set("username", value);
  }

  get password() {
    return this.#parts.password;
  }

  set password(value) {
    this.#set("password", value);
  }

  get host() {
    return this.#parts.host;
  }

  set host(value) {
    this.#set("host", value);
  }

  get hostname() {
    return this.#parts.hostname;
  }

  set hostname(value) {
    this.#set("hostname", value);
  }

  get port() {
    return this.#parts.port;
  }

  set port(value) {
    this.#set("port", value);
  }

  get pathname() {
    return this.#parts.pathname;
  }

  set pathname(value) {
    this.#set("pathname", value);
  }

  get search() {
    return this.#parts.search;
  }

  set search(value) {
    this.#set("search", value);
  }

  get hash() {
    return this.#parts.hash;
  }

  set hash(value) {
    this.#set("hash", value);
  }

  get searchParams() {
    if (this.#params === undefined) {
      this.#params = new URLSearchParams(this.#parts.search);
      // Only the text follows a change of the parameters: they are the newer of the two.
      linkParams(this.#params, (query) => {
        const text = host.url_set(this.#parts.href, "search", query);
        this.#parts = text === undefined ? this.#parts : jsonParse(text);
      });
    }
    return this.#params;
  }

  toString() {
    return this.#parts.href;
  }

  toJSON() {
    return this.#parts.href;
  }

  get [symbolToStringTag]() {
    return "URL";
  }

  [symbolInspect]() {
    return this.#parts.href;
  }

  // A part that cannot be set leaves the URL as it was, without an error.
  #set(part, value) {
    const text = host.url_set(this.#parts.href, part, stringToWellFormed(String(value)));
    if (text !== undefined) {
      this.#adopt(text);
    }
  }

  #adopt(text) {
    this.#parts = jsonParse(text);
    if (this.#params !== undefined) {
      replaceQuery(this.#params, this.#parts.search);
    }
  }
}

function baseText(base) {
  return base === undefined ? undefined : stringToWellFormed(String(base));
}

function invalidUrl(input) {
  const error = new TypeError(`Invalid URL: ${stringSlice(String(input), 0, 200)}`);
  error.code = "ERR_INVALID_URL";
  error.input = String(input);
  return error;
}
