// What Node's cryptography takes for bytes, and the encodings that it answers in.

import {
  String, TypeError, Uint8Array, arrayBufferIsView, bufferFrom, bufferOf, bufferToString, joinBytes,
  viewBytes,
} from "hookstead:internals";
import { KeyObject } from "./key-object.js";

export function bytesOf(data, encoding, argument = "data") {
  if (typeof data === "string") {
    return bufferFrom(data, encoding === "buffer" ? undefined : encoding);
  }
  if (arrayBufferIsView(data)) {
    return viewBytes(data);
  }
  // A BSON.Binary, which is what the rest of the platform has for bytes.
  if (data?._bytes instanceof Uint8Array) {
    return data._bytes;
  }
  const key = KeyObject.bytesOf(data);
  if (key !== undefined) {
    return key;
  }
  const received = data === undefined || data === null ? String(data) : `type ${typeof data}`;
  const error = new TypeError(`The "${argument}" argument must be one of type string, Buffer, ` +
    `TypedArray, or DataView. Received ${received}`);
  error.code = "ERR_INVALID_ARG_TYPE";
  throw error;
}

// Bytes of their own: the caller may write to its buffer again.
export function copyOf(data, encoding, argument) {
  return new Uint8Array(bytesOf(data, encoding, argument));
}

// Bytes of the host's, or of somebody else, as what a caller gets.
export function inEncoding(bytes, encoding) {
  return encoding === undefined || encoding === "buffer"
    ? bufferOf(new Uint8Array(bytes))
    : bufferToString(new Uint8Array(bytes), encoding);
}

// The pieces that several calls of `update` gave. The host wants them in one.
export class Pieces {
  #pieces = [];

  add(bytes) {
    // The caller may write to its buffer again.
    this.#pieces[this.#pieces.length] = new Uint8Array(bytes);
  }

  joined() {
    const all = joinBytes(this.#pieces);
    this.#pieces = [all];
    return all;
  }
}
