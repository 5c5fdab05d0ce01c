// The response object: the second argument of an endpoint's function. Its setters return it, and a
// function that returns it has returned nothing (docs/behaviour/responses.md#response-object).

import { append, isMatch } from "../lists.js";
import {
  Number, Promise, String, TypeError, Uint8Array, arrayIsArray, jsonStringify, numberIsInteger,
  objectCreate, reflectApply, stringSlice, stringToLowerCase, stringToWellFormed,
} from "../primordials.js";
import { viewBytes } from "../bytes.js";
import { utf8Encode } from "../encodings.js";
import { Binary } from "../bson.js";
import { Cursor } from "../data/cursor.js";
import { host } from "../host.js";

export class HTTPResponse {
  #touched = false;
  #status;
  // Names and values in turn.
  #headers = [];
  #body;

  setStatusCode(code) {
    const status = Number(code);
    if (!numberIsInteger(status) || status < 200 || status > 599) {
      throw new TypeError(`setStatusCode: not a status code from 200 to 599: ${String(code)}`);
    }
    this.#touched = true;
    this.#status = status;
    return this;
  }

  setBody(body) {
    this.#touched = true;
    this.#body = bodyBytes(body);
    return this;
  }

  setHeader(name, value) {
    // Checked before anything is removed: a call that throws changes nothing.
    const added = isPlain(name, value) ? undefined : checkedHeaders("setHeader", name, value);
    if (this.#headers.length > 0) {
      this.#remove(stringToLowerCase(name));
    }
    return this.#append(name, value, added);
  }

  addHeader(name, value) {
    const added = isPlain(name, value) ? undefined : checkedHeaders("addHeader", name, value);
    return this.#append(name, value, added);
  }

  // Appends a header that is plain, or else those that were checked.
  #append(name, value, added) {
    this.#touched = true;
    if (added === undefined) {
      append(this.#headers, [name, value]);
    } else {
      append(this.#headers, added);
    }
    return this;
  }

  #remove(name) {
    const kept = [];
    for (let index = 0; index < this.#headers.length; index += 2) {
      if (stringToLowerCase(this.#headers[index]) !== name) {
        append(kept, [this.#headers[index], this.#headers[index + 1]]);
      }
    }
    this.#headers = kept;
  }

  // For the host alone: static methods, so that no function finds a getter.

  // Whether the result is not written: the function has set a body, or anything at all where
  // that is enough.
  static isInPlaceOfResult(response, touchIsEnough) {
    return response.#touched && (touchIsEnough || response.#body !== undefined);
  }

  // Replies with what was set and with the text of the result.
  static reply(response, text) {
    const given = [response.#touched, response.#status, response.#body, text];
    reflectApply(host.reply, host, append(given, response.#headers));
  }
}

// A token of HTTP, and what a value may not hold: every control character but the tab.
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
// How much of a wrong name an error repeats.
const EXCERPT = 200;

// Longer headers are checked where others have their turn meanwhile.
const PLAIN_LENGTH = 4096;

// What most functions set, and what therefore need not be checked.
const USUAL_NAMES = known("Access-Control-Allow-Origin", "Cache-Control", "Content-Type");
const USUAL_VALUES = known(
  "*",
  "application/json",
  "application/json; charset=utf-8",
  "application/xml",
  "no-cache",
  "no-store",
  "text/html",
  "text/html; charset=utf-8",
  "text/plain",
  "text/plain; charset=utf-8",
  "text/xml",
);

function known(...texts) {
  const table = objectCreate(null);
  for (let index = 0; index < texts.length; index++) {
    table[texts[index]] = table[stringToLowerCase(texts[index])] = true;
  }
  return table;
}

// Whether a header is one valid text: the host checks in a fraction of the time of the patterns.
function isPlain(name, value) {
  return (
    typeof name === "string" &&
    typeof value === "string" &&
    ((USUAL_NAMES[name] && USUAL_VALUES[value]) ||
      (name.length + value.length <= PLAIN_LENGTH && host.header_is_valid(name, value)))
  );
}

// Names and values in turn, of a header with one value or with an array of them.
function checkedHeaders(method, name, value) {
  if (typeof name !== "string" || !isMatch(NAME, name)) {
    const shown = typeof name === "string"
      ? jsonStringify(stringSlice(name, 0, EXCERPT))
      : typeof name;
    throw new TypeError(
      `${method}: not a header name: ${shown}; a name has letters, digits and hyphens`,
    );
  }
  const added = [];
  const values = arrayIsArray(value) ? value : [value];
  for (let index = 0; index < values.length; index++) {
    append(added, [name, headerValue(method, name, values[index])]);
  }
  return added;
}

function headerValue(method, name, value) {
  const invalid = (why) => {
    const shown = jsonStringify(stringSlice(name, 0, EXCERPT));
    return new TypeError(`${method}: the value of the header ${shown} ${why}`);
  };
  if (value === undefined || value === null || typeof value === "symbol") {
    throw invalid(`is ${value === null ? "null" : typeof value}; give a text or a number`);
  }
  const text = String(value);
  if (isMatch(CONTROL, text)) {
    throw invalid("holds a line break or another control character; remove it");
  }
  return text;
}

// Bytes, or text where it is well-formed: the host makes bytes of it.
function bodyBytes(body) {
  if (typeof body === "string") {
    return stringToWellFormed(body);
  }
  if (body === undefined || body === null) {
    return new Uint8Array(0);
  }
  if (body instanceof Binary) {
    return body._bytes;
  }
  // Their texts say nothing of what they stand for.
  if (body instanceof Cursor) {
    throw new TypeError(
      "setBody: a cursor is not a body; " +
      "give the text of its documents, as in setBody(JSON.stringify(await cursor.toArray()))",
    );
  }
  if (body instanceof Promise) {
    throw new TypeError("setBody: a promise is not a body; await it, and give its value");
  }
  return viewBytes(body) ?? utf8Encode(String(body));
}
