// Text and bytes: the few conversions that every other module needs.

import { host } from "./host.js";

// A lone surrogate has no UTF-8 form; it becomes U+FFFD here, so that the host never sees one.
export function utf8Encode(text) {
  return new Uint8Array(host.utf8_encode(text.toWellFormed()));
}

export function utf8Decode(bytes) {
  return host.utf8_decode(bytes, false);
}

export function base64UrlEncode(bytes) {
  return host.base64_encode(bytes)
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

// The bytes of a buffer, of any view of one, or undefined for everything else. Nothing is copied.
export function viewBytes(value) {
  if (value instanceof Uint8Array) {
    return value;
  }
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

// One character per byte. The pieces keep the argument list of a single call short.
export function latin1Decode(bytes) {
  const piece = 4096;
  let text = "";
  for (let start = 0; start < bytes.length; start += piece) {
    text += String.fromCharCode.apply(null, bytes.subarray(start, start + piece));
  }
  return text;
}
