// `Response` of `fetch`: a whole body, no stream.

import { Binary } from "../bson.js";
import { bufferOf } from "../buffer.js";
import { viewBytes } from "../bytes.js";
import { utf8Decode, utf8Encode } from "../encodings.js";
import {
  String, TypeError, Uint8Array, jsonParse, stringSlice, symbolToStringTag, typedArrayBuffer,
} from "../primordials.js";
import { Headers } from "./headers.js";
import { URLSearchParams } from "../url.js";

export class Response {
  #bytes;
  #isUsed = false;

  /**
   * @param {any} body
   * @param {{ status?: number, statusText?: string, headers?: any, url?: string }} options
   */
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
    return bufferOf(await this.arrayBuffer());
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
export function bodyOf(body) {
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
