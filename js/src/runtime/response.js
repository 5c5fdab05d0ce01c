// The response object: the second argument of an endpoint's function. Its setters return it, and a
// function that returns it has returned nothing (reference: endpoints.md §1.9).

import { Binary } from "../bson.js";
import { utf8Encode, viewBytes } from "../bytes.js";

export class HTTPResponse {
  #touched = false;
  #status;
  // Names and values in turn.
  #headers = [];
  #body;

  setStatusCode(code) {
    const status = Number(code);
    if (!Number.isInteger(status) || status < 200 || status > 599) {
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
    if (this.#headers.length > 0) {
      this.#remove(String(name).toLowerCase());
    }
    return this.addHeader(name, value);
  }

  addHeader(name, value) {
    this.#touched = true;
    if (Array.isArray(value)) {
      for (const one of value) {
        this.#headers.push(String(name), String(one));
      }
    } else {
      this.#headers.push(String(name), String(value));
    }
    return this;
  }

  #remove(name) {
    const kept = [];
    for (let index = 0; index < this.#headers.length; index += 2) {
      if (this.#headers[index].toLowerCase() !== name) {
        kept.push(this.#headers[index], this.#headers[index + 1]);
      }
    }
    this.#headers = kept;
  }

  // What was set, for the host alone: static methods, so that no function finds a getter.
  static isTouched(response) {
    return response.#touched;
  }

  static reveal(response) {
    return {
      status: response.#status,
      headers: response.#headers,
      body: response.#body,
    };
  }
}

// Bytes, or text where it is well-formed: the host makes bytes of it.
function bodyBytes(body) {
  if (typeof body === "string") {
    return body.toWellFormed();
  }
  if (body === undefined || body === null) {
    return new Uint8Array(0);
  }
  if (body instanceof Binary) {
    return body._bytes;
  }
  return viewBytes(body) ?? utf8Encode(String(body));
}
