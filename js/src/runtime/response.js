// The response object: the second argument of an endpoint's function. Its setters return it, and a
// function that returns it has returned nothing (reference: endpoints.md §1.9).

import { Binary } from "../bson.js";
import { utf8Encode, viewBytes } from "../bytes.js";

export class HTTPResponse {
  #touched = false;
  #status = null;
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
    const wanted = String(name).toLowerCase();
    this.#headers = this.#headers.filter(([known]) => known.toLowerCase() !== wanted);
    return this.addHeader(name, value);
  }

  addHeader(name, value) {
    this.#touched = true;
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) {
      this.#headers.push([String(name), String(one)]);
    }
    return this;
  }

  // What was set, for the host alone: a static method, so that no function finds a getter.
  static reveal(response) {
    return {
      touched: response.#touched,
      status: response.#status,
      headers: response.#headers,
      body: response.#body,
    };
  }
}

function bodyBytes(body) {
  if (body === undefined || body === null) {
    return new Uint8Array(0);
  }
  if (body instanceof Binary) {
    return body._bytes;
  }
  return viewBytes(body) ?? utf8Encode(String(body));
}
